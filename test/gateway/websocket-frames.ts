/** A piece of a WebSocket connection that must be forwarded whole: the HTTP header, or one frame. */
export interface Frame {
  readonly raw: Buffer;
  /** Of a text frame, unmasked. */
  readonly text: string | undefined;
}

/** Cuts one direction of a connection into frames; what is not complete yet waits for the next chunk. */
export function createFrameSplitter(): (chunk: Buffer) => Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  let inHeader = true;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const length = inHeader ? headerLength(rest) : frameLength(rest);
      if (length === undefined || rest.length < length) return frames;
      const raw = rest.subarray(0, length);
      frames.push({ raw, text: inHeader ? undefined : textOf(raw) });
      inHeader = false;
      rest = rest.subarray(length);
    }
  };
}

/** An unmasked text frame, as a server sends it. */
export function serverFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10);
  head.writeUInt8(0x81, 0);
  head.writeUInt8(head.length === 2 ? payload.length : head.length === 4 ? 126 : 127, 1);
  if (head.length === 4) head.writeUInt16BE(payload.length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}

function headerLength(bytes: Buffer): number | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  return end < 0 ? undefined : end + 4;
}

/** Offset of the mask or payload, and the payload's length. */
function layout(bytes: Buffer): { readonly start: number; readonly length: number } | undefined {
  const short = bytes.length < 2 ? undefined : bytes.readUInt8(1) & 0x7f;
  if (short === undefined) return undefined;
  if (short < 126) return { start: 2, length: short };
  if (short === 126) return bytes.length < 4 ? undefined : { start: 4, length: bytes.readUInt16BE(2) };
  return bytes.length < 10 ? undefined : { start: 10, length: Number(bytes.readBigUInt64BE(2)) };
}

const isMasked = (bytes: Buffer): boolean => (bytes.readUInt8(1) & 0x80) !== 0;

function frameLength(bytes: Buffer): number | undefined {
  const found = layout(bytes);
  return found === undefined ? undefined : found.start + (isMasked(bytes) ? 4 : 0) + found.length;
}

function textOf(raw: Buffer): string | undefined {
  const found = layout(raw);
  // Final text frames only: neither side splits its messages or compresses them.
  if (found === undefined || raw.readUInt8(0) !== 0x81) return undefined;
  if (!isMasked(raw)) return raw.toString("utf8", found.start);
  const mask = raw.subarray(found.start, found.start + 4);
  const payload = Buffer.from(raw.subarray(found.start + 4));
  for (let index = 0; index < payload.length; index += 1) {
    payload.writeUInt8(payload.readUInt8(index) ^ mask.readUInt8(index % 4), index);
  }
  return payload.toString("utf8");
}
