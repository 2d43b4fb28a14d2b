import { useState } from "preact/hooks";
import { Ask } from "../parts/ask.tsx";
import { useConsole } from "./context.ts";

/** Lets runs enter a held stage again. */
export function ReleaseHold({
  pipeline,
  stage,
  onDone,
}: {
  readonly pipeline: string;
  readonly stage: string;
  readonly onDone: () => void;
}) {
  const { t, api, say } = useConsole();
  const [asking, setAsking] = useState(false);
  const act = async (reason: string) => {
    const address = `/pipelines/${encodeURIComponent(pipeline)}/stages/${encodeURIComponent(stage)}/release-hold`;
    say(await api.post(address, { reason }));
    onDone();
  };
  return (
    <>
      <button type="button" class="button" onClick={() => setAsking(true)}>
        {t.releaseHold}
      </button>
      {asking && (
        <Ask
          title={t.releaseHoldTitle(pipeline, stage)}
          act={t.releaseHold}
          reason="required"
          onAct={act}
          onClose={() => setAsking(false)}
        >
          <p>{t.releaseHoldHint}</p>
        </Ask>
      )}
    </>
  );
}
