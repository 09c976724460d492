/** What a route answers. Without a body it is a 204, which carries neither content nor type. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

export const ok = (body: unknown, status = 200): Answer => ({ status, body });
export const nothing: Answer = { status: 204 };
export const refuse = (status: number, code: number, message: string, errors?: unknown): Answer => ({
  status,
  body: { message, code, ...(errors === undefined ? {} : { errors }) },
});
export const invalid = (issues: readonly string[]): Answer =>
  refuse(400, 50035, "Invalid Form Body", { _errors: issues.map((message) => ({ code: "INVALID", message })) });
