import { formatModelRef } from "../models/model-ref.ts";
import type { RegistrySnapshot } from "../registry/model-registry.ts";

/**
 * What a newcomer would type: two turns on the cloud model, a switch to the
 * local one, a turn there, and back; what that cost; then the lock, a turn under
 * it, and its end. The demo servers answer with what they
 * received, so the replies show whether the conversation came along.
 */
export function tourLines(snapshot: RegistrySnapshot): readonly string[] {
  const local = snapshot.models.find(({ locality }) => locality.kind === "local") ?? snapshot.models.at(-1);
  const name = local === undefined ? "default" : formatModelRef(local.ref);
  return [
    "/help",
    "Good morning! I bake three loaves of rye on Sunday.",
    "And I will need four kilos of flour for it.",
    "/model",
    "/model list",
    `/model ${name} plan`,
    `/model ${name}`,
    "What did I say I would bake?",
    "/model undo",
    `/model ${name}`,
    "/model default",
    "And how much flour was it?",
    "/usage",
    "/localonly on",
    "yes",
    "Who hears me now?",
    "/localonly off restore:all",
    "yes",
  ];
}
