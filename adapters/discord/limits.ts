/** What Discord takes, from its reference pages. Lengths are in characters, counted here as UTF-16 units, which is never fewer. */
export const LIMITS = {
  /** Slash commands of one scope. */
  commands: 100,
  embedTitle: 256,
  embedDescription: 4096,
  embedFields: 25,
  fieldName: 256,
  fieldValue: 1024,
  embedFooter: 2048,
  /** Title, description, fields and footer of all embeds of a message together. */
  embedTotal: 6000,
  content: 2000,
  rows: 5,
  buttonsInRow: 5,
  buttonLabel: 80,
  selectOptions: 25,
  selectPlaceholder: 150,
  optionLabel: 100,
  optionDescription: 100,
  customId: 100,
  autocompleteChoices: 25,
  autocompleteName: 100,
  autocompleteValue: 100,
  commandName: 32,
  commandDescription: 100,
  commandOptions: 25,
  optionChoices: 25,
  attachmentDescription: 1024,
  /** Bytes of a file where the server has no boosts. */
  attachmentBytes: 10 * 1024 * 1024,
} as const;
