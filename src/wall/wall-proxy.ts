import type { lookup as systemLookup } from "node:dns";
import { Agent, type ClientRequestArgs } from "node:http";
import { connect, isIP, type LookupFunction, Socket } from "node:net";
import { RequestError, Server } from "proxy-chain";
import { ClutchError } from "../errors.ts";
import type { Target } from "./wall-rules.ts";

/** Where a connection may go: the name that was judged and the addresses that were judged with it. */
export interface Route extends Target {
  readonly addresses: readonly string[];
}

interface Tunnel {
  readonly route: Route;
  readonly client: Socket;
  readonly upstream: Socket;
}

export interface WallProxy {
  readonly port: number;
  connections(): number;
  /** Ends at once every connection whose route does not pass, and gives these routes. */
  cut(passes: (route: Route) => boolean): readonly Route[];
  close(): Promise<void>;
}

/** After 401, 403, 429 or 5xx OpenClaw would punish the provider, or try again and again. */
const DENIED = 451;
const DENIED_TEXT = "Local-only mode is on (Clutch): this host is not on the list of what may be reached.\n";

/**
 * A forward proxy for CONNECT and plain HTTP. `route` decides over each connection,
 * undefined for a denial; it connects to the very addresses that were judged, and
 * `passes` is asked once more when it does. Throws `bad_config` where the port is taken.
 */
export async function startProxy(parts: {
  readonly listen: { readonly host: string; readonly port: number };
  readonly route: (host: string, port: number) => Promise<Route | undefined>;
  readonly passes: (route: Route) => boolean;
}): Promise<WallProxy> {
  const tunnels = new Set<Tunnel>();
  const server = new Server({
    ...parts.listen,
    authRealm: "clutch-wall",
    async prepareRequestFunction({ request, hostname, port, isHttp }) {
      const { socket: client } = request;
      const route = await parts.route(hostname, port);
      if (route === undefined) throw new RequestError(DENIED_TEXT, DENIED);
      if (route.addresses.length === 0) throw new RequestError("The name cannot be resolved.\n", 502);
      const keep = (upstream: Socket): void => {
        const tunnel = { route, client, upstream };
        if (client.destroyed || !parts.passes(route)) {
          end(tunnel);
          return;
        }
        tunnels.add(tunnel);
        upstream.once("close", () => tunnels.delete(tunnel));
      };
      const lookup = onlyTo(route.addresses);
      if (isHttp) return { httpAgent: agentTo(route, lookup, keep) };
      // The library joins the two sockets as soon as it has made the second one, before that connects.
      client.once("pipe", (upstream) => {
        if (upstream instanceof Socket) keep(upstream);
      });
      return { dnsLookup: lookup as typeof systemLookup };
    },
  });
  try {
    await server.listen();
  } catch (error) {
    const { host, port } = parts.listen;
    const why = error instanceof Error && "code" in error ? String(error.code) : "unexpected error";
    const taken = why === "EADDRINUSE" ? "is taken by another program" : `cannot be used (${why})`;
    throw new ClutchError("bad_config", `The wall cannot listen: ${host}:${port} ${taken}.`, {
      hint: "Give it another address with --listen or wall.listen; OpenClaw's proxy.proxyUrl must name the same one.",
      cause: error,
    });
  }
  return {
    port: server.port,
    connections: () => tunnels.size,
    cut(passes) {
      const ended = [...tunnels].filter(({ route }) => !passes(route));
      for (const tunnel of ended) {
        tunnels.delete(tunnel);
        end(tunnel);
      }
      return ended.map(({ route }) => route);
    },
    close: () => server.close(true),
  };
}

/** A reset, not an end: what waits to be sent is dropped, and nobody takes half an answer for a whole one. */
function end({ client, upstream }: Tunnel): void {
  for (const socket of [upstream, client]) {
    if (socket.connecting) socket.destroy();
    else socket.resetAndDestroy();
  }
}

/** Answers with the addresses that were judged, so that DNS cannot change its mind in between. */
const onlyTo =
  (addresses: readonly string[]): LookupFunction =>
  (_host, options, callback) => {
    const answers = addresses.map((address) => ({ address, family: isIP(address) }));
    const [first] = answers;
    if (options.all === true) callback(null, answers);
    else callback(null, first?.address ?? "", first?.family);
  };

/** One connection a request: a pooled one would carry requests that nobody judged. */
function agentTo({ host, port }: Route, lookup: LookupFunction, keep: (upstream: Socket) => void): Agent {
  return Object.assign(new Agent({ keepAlive: false }), {
    createConnection(_: ClientRequestArgs) {
      const upstream = connect({ host, port, lookup });
      keep(upstream);
      return upstream;
    },
  });
}
