/**
 * Block Kit's limits, in characters or pieces, from
 * https://docs.slack.dev/reference/block-kit (August 2026). Slack refuses the
 * whole message where one is exceeded.
 */
export const LIMITS = {
  blocks: 50,
  header: 150,
  sectionText: 3_000,
  sectionFields: 10,
  fieldText: 2_000,
  contextText: 2_000,
  buttonsPerBlock: 25,
  buttonText: 75,
  optionText: 75,
  optionValue: 150,
  optionDescription: 75,
  options: 100,
  groupLabel: 75,
  placeholder: 150,
  actionId: 255,
  modalTitle: 24,
  errorText: 2_000,
  imageAlt: 2_000,
  /** Ours: a fallback is read out and shown in notifications, so it need not be the 40,000 that Slack takes. */
  fallbackText: 3_000,
  /** Ours: the blocks of one message together. Slack answers `msg_blocks_too_long` somewhat above. */
  messageText: 12_000,
} as const;
