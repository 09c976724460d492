import { countsAsCloud } from "../models/locality.ts";
import { formatModelRef } from "../models/model-ref.ts";
import { CATALOGUE } from "../usage/price-catalogue.ts";
import { type Check, configCheck, gatewayCheck, ok, skipped, warning } from "./check.ts";
import { namedModels } from "./named-models.ts";
import { list } from "./words.ts";

const DAY_MS = 24 * 60 * 60_000;
/** Vendors change prices a few times a year. */
const OLD_DAYS = 180;

export const priceAgeCheck: Check = {
  part: "prices",
  name: "Age",
  async look({ clock }) {
    const days = Math.floor((clock() - Date.parse(CATALOGUE.date)) / DAY_MS);
    const found = `Prices are as of ${CATALOGUE.date} (${CATALOGUE.source}), ${days === 1 ? "1 day" : `${days} days`} ago`;
    if (days <= OLD_DAYS) return ok(`${found}.`);
    return warning(`${found}: some have changed since.`, "npm install --global openclaw-clutch@latest");
  },
};

export const unpricedCheck = gatewayCheck({
  part: "prices",
  name: "Models in use",
  async look({ registry, rateFor }, { clock }) {
    const paid = namedModels(await registry.current()).filter(
      ({ profile }) => profile !== undefined && countsAsCloud(profile.locality),
    );
    if (paid.length === 0) return skipped("No agent's default or fallback is paid by the token.");
    const unpriced = [
      ...new Set(
        paid.filter(({ ref }) => rateFor(ref, clock(), 1_000) === undefined).map(({ ref }) => formatModelRef(ref)),
      ),
    ];
    if (unpriced.length === 0) return ok("A price is known of each of them.");
    return warning(
      `No price is known of ${list(unpriced)}: what ${unpriced.length === 1 ? "it costs" : "they cost"} is missing in /usage, and from the budget.`,
      "write it as “price” of the model into clutch.models.json, as docs/usage.md shows",
    );
  },
});

export const unknownLocalityCheck = gatewayCheck({
  part: "locality",
  name: "Local or cloud",
  async look({ registry }) {
    const { models } = await registry.current();
    const unknown = models.filter(({ locality }) => locality.kind === "unknown");
    if (unknown.length === 0) {
      const local = models.filter(({ locality }) => locality.kind === "local").length;
      return ok(`Of ${models.length} models ${local} are local, the rest in the cloud; none is in doubt.`);
    }
    const [first] = unknown;
    const providers = [...new Set(unknown.map(({ ref }) => ref.provider))];
    return warning(
      `Nobody knows where ${list(unknown.map(({ ref }) => formatModelRef(ref)))} ${unknown.length === 1 ? "runs, so it counts" : "run, so they count"} as cloud. ${first?.locality.evidence ?? ""}.`,
      `where ${list(providers)} really ${providers.length === 1 ? "runs" : "run"} on this network: "trustedLocal": ${JSON.stringify(providers)} in clutch.config.json; where its server is down, start it`,
    );
  },
});

export const trustedLocalCheck = configCheck(
  gatewayCheck({
    part: "locality",
    name: "trustedLocal",
    async look({ registry }, { config: { trustedLocal } }) {
      if (trustedLocal.length === 0) return ok("No provider is taken at its word.");
      const { models, modelConfig } = await registry.current();
      const known = [...models.map(({ ref }) => ref.provider), ...modelConfig.providers.keys()].map((id) =>
        id.toLowerCase(),
      );
      const lost = trustedLocal.filter((id) => !known.includes(id.toLowerCase()));
      if (lost.length === 0)
        return ok(
          `${list(trustedLocal)} ${trustedLocal.length === 1 ? "counts" : "count"} as local, because the configuration says so.`,
        );
      return warning(
        `OpenClaw has no provider ${list(lost)}, so what trustedLocal says of ${lost.length === 1 ? "it" : "them"} means nothing.`,
        `openclaw config get models.providers shows the ids; correct "trustedLocal" in clutch.config.json`,
      );
    },
  }),
);

export const helperCallsCheck = gatewayCheck({
  part: "helpers",
  name: "OpenClaw's own calls",
  async look({ helpers }) {
    const calls = (await helpers.read()).filter(({ off }) => off === undefined);
    const cloud = calls.filter(({ now: { locality } }) => locality !== undefined && countsAsCloud(locality));
    if (cloud.length === 0) return ok("None of them is known to go to the cloud.");
    return ok(
      `${list(cloud.map(({ name }) => name))} ${cloud.length === 1 ? "goes" : "go"} to the cloud, unseen and paid for. /model NAME scope:helpers sends them to a local model.`,
    );
  },
});
