import { expect, it } from "vitest";
import { installElsewhere } from "../../src/cli/guard-elsewhere.ts";

it("for a gateway elsewhere, says what to do there: the files, and settings that can be pasted", () => {
  const { code, message, hint } = installElsewhere("wss://box.example:18789", "/opt/clutch/guard");
  expect(code).toBe("bad_config");
  expect(message).toContain("box.example");
  expect(hint).toContain("npx openclaw-clutch guard install --yes");
  expect(hint).toContain("scp /opt/clutch/guard/*.js");
  expect(hint).toContain("box.example:.local/state/clutch/guard/plugin/");
  const settings = JSON.parse(hint.slice(hint.indexOf("{")));
  expect(settings.plugins.load.paths).toEqual(["HOME/.local/state/clutch/guard/plugin"]);
  expect(settings.plugins.entries["clutch-guard"].hooks).toEqual({ allowConversationAccess: true });
  expect(settings.plugins.entries["clutch-guard"].config.canaryPort).toBe(
    Number(new URL(settings.models.providers["clutch-canary"].baseUrl).port),
  );
});
