import { ClutchError } from "../errors.ts";
import { type LayerView, lookAt, wallLayer } from "../local-only/lock-layers.ts";
import { usedProxy } from "../local-only/used-proxy.ts";
import { readState } from "../wall/state-file.ts";
import { createWallClient } from "../wall/wall-client.ts";
import { type Attached, broken, type Check, type Finding, ok, problem, skipped, warning } from "./check.ts";

const START = "systemctl --user restart clutch-wall, or clutch wall install";

export const wallCheck: Check = {
  part: "wall",
  name: "Proxy",
  async look({ gateway, stateDirectory }) {
    const client = createWallClient({ directory: stateDirectory });
    const status = await client.status().catch((thrown: unknown) => {
      if (thrown instanceof ClutchError) return thrown;
      throw thrown;
    });
    if (!(gateway instanceof ClutchError)) {
      const view = await lookAt(wallLayer(client, () => usedProxy(gateway)));
      return judge(view, gateway, status !== undefined);
    }
    if (status instanceof ClutchError) return problem("broken", status);
    if (status !== undefined) {
      const how = status.closed ? "closed" : "open";
      return ok(
        `It answers at ${status.listen} and is ${how}. Whether OpenClaw goes through it only the gateway can say.`,
      );
    }
    const { closed, id } = readState(stateDirectory);
    if (id === "" && !closed)
      return skipped(
        "It is not installed. Only local-only mode needs it.",
        "clutch wall install, where that is wanted",
      );
    return warning(
      `It does not run; it was left ${closed ? "closed" : "open"}. An OpenClaw that is pointed at it reaches nothing now.`,
      START,
    );
  },
};

async function judge(view: LayerView, { localOnly, hasStore }: Attached, isThere: boolean): Promise<Finding> {
  if (view.state === "absent") {
    if (view.mayHold) return broken(view.why, START);
    if (view.closedAs !== undefined)
      return broken(`${view.why} It is closed, which holds nothing.`, "clutch wall install");
    return isThere ? warning(view.why, "clutch wall install") : skipped(`${view.why} Only local-only mode needs it.`);
  }
  if (view.damage !== undefined) {
    return warning(
      `The file of its state ${view.damage}, so it is closed.`,
      "/localonly on or /localonly off writes it anew; clutch wall status shows more",
    );
  }
  if (!hasStore) return ok(`It is ${view.state}, and OpenClaw goes through it.`);
  const { isOn, enforcement } = await localOnly.status();
  if (view.state === "open" && isOn && enforcement !== "changing") {
    return broken("It is open although local-only mode is on.", "clutch localonly on");
  }
  if (view.state === "closed") return ok("OpenClaw goes through it, and it is closed: local-only mode is on.");
  return ok("OpenClaw goes through it, and it is open: local-only mode is off.");
}
