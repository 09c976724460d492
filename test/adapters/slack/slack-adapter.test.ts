import { chatAdapterSuite } from "../chat-adapter.suite.ts";
import { MODES, openSlack } from "./slack-harness.ts";

for (const mode of MODES) {
  chatAdapterSuite(`Slack by ${mode}`, async () => {
    const { slack, adapter, close } = await openSlack(mode);
    const person = slack.person("U0ANN");
    const taken = new Set<string>();
    return {
      adapter,
      conversation: { platform: "slack", channel: "C0GENERAL", kind: "channel", person: "U0ANN", space: "T0TEAM" },
      async type(line) {
        const [command = "", ...words] = line.split(" ");
        const { acked } = await person.slash(command, words.join(" "));
        if (acked) taken.add(line);
      },
      async answer(yes) {
        await person.press(yes ? "Confirm" : "Cancel");
      },
      acknowledged: (line) => taken.has(line),
      async shown() {
        const offers = await person.suggest().catch(() => []);
        return [person.shown(), ...offers.flatMap(({ label, detail, group }) => [label, detail, group])].join("\n");
      },
      pictures: () => person.messages().flatMap(({ files = [] }) => files),
      files: () =>
        slack.workspace.messages
          .filter(({ channel }) => channel === "C0GENERAL" || channel === slack.workspace.direct("U0ANN").id)
          .flatMap(({ files = [] }) => files)
          .map(({ name, bytes }) => ({ name, text: Buffer.from(bytes).toString() })),
      close,
    };
  });
}
