/**
 * How what a setting chooses is kept from the cloud. `turn`: a turn that runs
 * OpenClaw's hooks, so a plugin redirects it. `helper`: a call for text that runs
 * no hook, so the setting itself has to name a local model. `tool`: a tool that a
 * plugin can block. `egress`: a call that only a wall around OpenClaw holds.
 * `route`: where the models of a provider are reached. `limit`: sends nothing by
 * itself.
 */
export type Hold = "turn" | "helper" | "tool" | "egress" | "route" | "limit";

export interface KnownSetting {
  /** For people. */
  readonly name: string;
  readonly how: Hold;
  /** Id of the tool that it is for, as OpenClaw hands it to `before_tool_call`. */
  readonly tool: string | undefined;
}

type Row = readonly [pattern: string, name: string, tool?: string];

/** `{a,b}` stands for either. Pages named are of OpenClaw 2026.9.6's own documentation. */
const TABLE: Readonly<Record<Hold, readonly Row[]>> = {
  turn: [
    ["agents.defaults.model", "Model of all agents"],
    ["agents.entries.*.model", "Model of an agent"],
    ["agents.{defaults,entries.*}.heartbeat.model", "Heartbeats"],
    ["agents.{defaults,entries.*}.subagents.model", "Subagents"],
    // concepts/compaction: "a silent memory flush turn".
    ["agents.defaults.compaction.memoryFlush.model", "Memory flush before compaction"],
    // concepts/model-failover: the refused turn is run again on it.
    ["agents.defaults.embeddedAgent.cyberFailover.model", "Second try after a refusal"],
    ["channels.modelByChannel.*.*", "Model of a channel"],
    // channels/discord/voice-channels: "overrides the OpenClaw agent brain"; the voices themselves are below.
    ["channels.discord{,.accounts.*}.voice.model", "Answers in Discord voice channels"],
    ["hooks.mappings[].model", "Webhooks"],
    ["hooks.gmail.model", "Mail from Gmail"],
    ["plugins.entries.imap.config.accounts.*.model", "Mail by IMAP"],
    // concepts/active-memory/how-it-works: a sub-agent before the reply.
    ["plugins.entries.active-memory.config.{model,modelFallback}", "Active memory"],
  ],
  helper: [
    // gateway/config-agents/models: "Utility tasks make separate model calls".
    ["agents.{defaults,entries.*}.utilityModel", "Recaps and titles"],
    // concepts/decision-models: typed answers for plugins, from models that cannot chat; an empty value is off.
    ["agents.{defaults,entries.*}.decisionModel", "Decisions for plugins"],
    // concepts/compaction: unset, it is the conversation's own model; set, it is exact, without fallbacks.
    ["agents.defaults.compaction.model", "Compaction"],
    // reference/session-management-compaction/compaction: a plugin summarises, wherever it sends it.
    ["agents.defaults.compaction.provider", "Compaction by a plugin"],
    // concepts/dreaming: "tool-free background completion" of diary and consolidation.
    ["plugins.entries.memory-core.config.dreaming.{model,execution.defaults.model}", "Memory dreaming"],
    ["plugins.entries.memory-core.config.dreaming.phases.{light,rem,deep}.execution.model", "Memory dreaming"],
    // tools/exec: reviews commands with an excerpt of the conversation; unset, it is the agent's own model.
    ["{,agents.entries.*.}tools.exec.reviewer.model", "Review of commands"],
    // tools/tts: long answers are shortened before they are spoken; unset, it is the default model.
    ["{,agents.entries.*.}tts.summaryModel", "Summaries before speech"],
    [
      "channels.{discord.voice,discord.accounts.*.voice,feishu,feishu.accounts.*}.tts.summaryModel",
      "Summaries before speech",
    ],
    // channels/clickclack: replies that skip the agent and its run.
    ["channels.clickclack{,.accounts.*}.model", "ClickClack's direct replies"],
  ],
  tool: [
    // Pictures that arrive with a message take the way of tools.media instead.
    ["agents.defaults.imageModel", "Looking at images", "view_image"],
    ["agents.defaults.pdfModel", "Reading PDFs", "pdf"],
    ["agents.defaults.mediaModels.image", "Making images", "image_generate"],
    ["agents.defaults.mediaModels.music", "Making music", "music_generate"],
    ["agents.defaults.mediaModels.video", "Making videos", "video_generate"],
    ["tools.web.search.provider", "Web search", "web_search"],
    ["plugins.entries.{google,xai}.config.webSearch.{model,baseUrl}", "Web search", "web_search"],
    // Searches through the local Ollama, which hands them to ollama.com.
    ["plugins.entries.ollama.config.webSearch.baseUrl", "Web search", "web_search"],
    ["plugins.entries.xai.config.xSearch.{model,baseUrl}", "Search on X", "x_search"],
    ["plugins.entries.xai.config.codeExecution.model", "Code execution at xAI", "code_execution"],
    // tools/llm-task: "does not run agent lifecycle hooks", and the agent may name another model in the call.
    ["plugins.entries.llm-task.config.{defaultModel,defaultProvider}", "LLM task", "llm-task"],
  ],
  egress: [
    // concepts/memory-search: embeds memory as it is written, not only when a tool asks.
    ["{,agents.entries.*.}memory.search.{provider,fallback,model,remote.baseUrl}", "Memory embeddings"],
    // Media that arrives is described before the turn begins.
    ["tools.media.models[].{provider,model,baseUrl,request.proxy}", "Understanding of media"],
    ["tools.media.{audio,image,video}.{preferredModel,baseUrl,request.proxy}", "Understanding of media"],
    ["tools.links.models", "Understanding of links"],
    ["tools.web.fetch.provider", "Web pages through a service"],
    ["agents.defaults.voiceModel", "Speech", "tts"],
    ["{,agents.entries.*.}tts.{provider,providers.*}", "Speech", "tts"],
    ["{,agents.entries.*.}tts.personas.*.{provider,providers.*}", "Speech", "tts"],
    ["talk.{provider,providers.*}", "Talk mode"],
    ["talk.realtime.{provider,providers.*,model}", "Talk mode in real time"],
    ["channels.discord{,.accounts.*}.voice.realtime.{provider,providers.*,model}", "Discord voice in real time"],
    ["channels.discord{,.accounts.*}.voice.tts.{provider,providers.*}", "Speech in Discord"],
    ["channels.discord{,.accounts.*}.voice.tts.personas.*.{provider,providers.*}", "Speech in Discord"],
    ["channels.feishu{,.accounts.*}.tts.{provider,providers.*}", "Speech in Feishu"],
    ["plugins.entries.azure-speech.config.{baseUrl,endpoint}", "Azure speech"],
    // channels/reef: the plugin's own call, with a key of its own, and only these vendors.
    ["channels.reef.guard.{provider,pinnedModel}", "Reef's guard"],
    ["{acp,agents.entries.*.runtime.acp,bindings[].acp}.backend", "Agents of other programs (ACP)"],
    ["acp.fallbacks", "Agents of other programs (ACP)"],
    ["cloudWorkers.profiles.*.provider", "Cloud workers"],
    ["plugins.entries.crabbox.config.sandbox.provider", "Rented sandboxes"],
    // plugins/logbook: the screen goes to the vision model, what it says to the default agent's.
    ["plugins.entries.logbook.config.visionModel", "Logbook of the screen"],
    ["plugins.entries.beam.config.mirror.endpoint", "Mirror of conversations (Beam)"],
    ["transcripts.autoStart[].meetingUrl", "Meetings that are recorded"],
    ["{,nodeHost.}mcp.servers.*.url", "MCP server"],
    ["browser{,.profiles.*}.cdpUrl", "Browser elsewhere"],
    ["diagnostics.otel.{endpoint,logsEndpoint,metricsEndpoint,tracesEndpoint}", "Telemetry"],
    ["gateway.push.apns.relay.baseUrl", "Push messages"],
    ["gateway.remote.url", "Gateway that this machine's command line uses"],
    ["models.catalogRefresh.url", "Refresh of the model catalogue"],
  ],
  route: [
    ["models.providers.*.{baseUrl,models[].baseUrl}", "Address of a provider"],
    ["models.providers.*.request.proxy", "Proxy of a provider"],
    // A command line such as `claude` that speaks to the vendor itself, and fires no hook for helper calls.
    ["models.providers.*.{agentRuntime,models[].agentRuntime}", "Program that runs a model"],
    ["agents.{defaults,entries.*}.models.*.agentRuntime", "Program that runs a model"],
    // Off, it switches a wall off that proxyUrl still names.
    ["proxy.enabled", "Managed proxy"],
  ],
  limit: [
    ["agents.{defaults,entries.*}.modelPolicy", "Models that may be chosen"],
    ["agents.defaults.modelSelectionScope", "How far a choice of a model reaches"],
    ["agents.defaults.systemAgent.agentId", "Agent whose model serves the system"],
    ["{,agents.entries.*.}tools.byProvider.*", "Tools by provider"],
    ["{,agents.entries.*.}tools.exec.applyPatch.allowModels", "Models that may patch files"],
    [
      "{,agents.entries.*.,channels.discord.voice.,channels.discord.accounts.*.voice.}tts.modelOverrides",
      "Choices of the voice",
    ],
    ["channels.feishu{,.accounts.*}.tts.modelOverrides", "Choices of the voice"],
    [
      "plugins.entries.*.llm.{allowModelOverride,allowedModels,allowedCompletionModels}",
      "Models that a plugin may use",
    ],
    ["plugins.entries.*.subagent.{allowModelOverride,allowedModels}", "Models that a plugin may use"],
    ["plugins.entries.active-memory.config.modelFallbackPolicy", "Active memory"],
    ["{,agents.entries.*.}memory.search.local.modelPath", "File of a local embedding model"],
    ["auth.profiles.*.provider", "Credentials"],
    ["secrets.providers", "Stores of secrets"],
    ["proxy.proxyUrl", "Managed proxy"],
    ["models.providers.*.localService.healthUrl", "Health of a local server"],
    ["{,nodeHost.}mcp.servers.*.oauth.{clientMetadataUrl,redirectUrl}", "Sign-in to an MCP server"],
    ["hooks.gmail.hookUrl", "Where Gmail's messages arrive"],
    ["plugins.entries.device-pair.config.publicUrl", "Address for devices"],
    ["plugins.entries.geolocation.config.{attributionUrl,databaseUrl}", "Table of places"],
  ],
};

/** Every choice that a `{a,b}` leaves. */
function spelledOut(pattern: string): string[] {
  const choice = /\{([^{}]*)\}/.exec(pattern);
  if (choice?.[1] === undefined) return [pattern];
  return choice[1].split(",").flatMap((text) => spelledOut(pattern.replace(choice[0], text)));
}

/**
 * The settings of OpenClaw 2026.9.6 that choose a model, a provider or an address
 * that text goes to, by pattern: `*` is any key of a map, `[]` any entry of a list.
 */
export const KNOWN_MODEL_SETTINGS: ReadonlyMap<string, KnownSetting> = new Map(
  (["turn", "helper", "tool", "egress", "route", "limit"] as const).flatMap((how) =>
    TABLE[how].flatMap(([pattern, name, tool]) =>
      spelledOut(pattern).map((spelled) => [spelled, { name, how, tool }] as const),
    ),
  ),
);
