import type { CardCommit, CardImage, CardView } from "../../shared/pipeline/card-view.ts";
import { architectureOf, personName, plain, subject } from "../format/names.ts";
import { bytes, growth } from "../format/numbers.ts";
import { duration } from "../format/time.ts";
import { Commit, Foreign, Notice, safeLink, When } from "../parts/small.tsx";
import { useConsole } from "./context.ts";
import { ScanFacts } from "./scan-facts.tsx";

/** What exactly would be released, against what the stage runs. */
export function CardFacts({ card }: { readonly card: CardView }) {
  const { t } = useConsole();
  return (
    <>
      {card.goesBack === true && <Notice tone="waits">{t.goesBack}</Notice>}
      <Commits card={card} />
      <Images images={card.images} />
      {card.missing.map((why) => (
        <p class="quiet" key={why}>
          <Foreign text={why} />
        </p>
      ))}
    </>
  );
}

function Commits({ card }: { readonly card: CardView }) {
  const { t } = useConsole();
  const more = card.moreCommits ?? 0;
  const compare = safeLink(card.compare);
  return (
    <>
      <h3>
        {t.commitsSince(card.commits.length + more, card.current?.sequence)}
        {compare !== undefined && (
          <a class="quiet" href={compare} rel="noreferrer" target="_blank">
            {t.compare}
          </a>
        )}
      </h3>
      <ul class="commits">
        {card.commits.map((commit) => (
          <CommitLine key={commit.commit} commit={commit} />
        ))}
        {more > 0 && <li class="quiet">{t.moreCommits(more)}</li>}
      </ul>
    </>
  );
}

function CommitLine({ commit }: { readonly commit: CardCommit }) {
  const body = plain(commit.message.split("\n").slice(1).join("\n").trim());
  return (
    <li>
      <Commit commit={commit.commit} link={commit.link} />
      <span class="commit-subject">
        {body === "" ? (
          <Foreign text={subject(commit.message)} />
        ) : (
          <details>
            <summary>
              <Foreign text={subject(commit.message)} />
            </summary>
            <p class="message">{body}</p>
          </details>
        )}
      </span>
      <span class="quiet commit-who">
        <Foreign text={personName(commit.author)} /> <When at={commit.at} />
      </span>
    </li>
  );
}

/** Size and build time of each architecture against the last release: two bars, and by how much they differ. */
function Images({ images }: { readonly images: readonly CardImage[] }) {
  const { t, locale } = useConsole();
  if (images.length === 0) return null;
  const several = new Set(images.map(({ image }) => image)).size > 1;
  const largest = Math.max(1, ...images.flatMap(({ size, sizeBefore }) => [size ?? 0, sizeBefore ?? 0]));
  const slowest = Math.max(
    1,
    ...images.flatMap(({ buildSeconds, buildSecondsBefore }) => [buildSeconds ?? 0, buildSecondsBefore ?? 0]),
  );
  return (
    <table class="compare">
      <thead>
        <tr>
          <th scope="col">{t.architecture}</th>
          <th scope="col">{t.size}</th>
          <th scope="col">{t.buildTime}</th>
          <th scope="col">{t.scan}</th>
        </tr>
      </thead>
      <tbody>
        {images.map((image) => (
          <tr key={`${image.image} ${image.platform}`}>
            <th scope="row">
              <span class="arch" data-arch={architectureOf(image.platform)}>
                {image.platform.replace("linux/", "")}
              </span>
              {several && <span class="quiet"> {image.image}</span>}
            </th>
            <td>
              <Pair
                arch={architectureOf(image.platform)}
                now={image.size}
                before={image.sizeBefore}
                most={largest}
                say={(size) => bytes(size, locale)}
              />
            </td>
            <td>
              <Pair
                arch={architectureOf(image.platform)}
                now={image.buildSeconds}
                before={image.buildSecondsBefore}
                most={slowest}
                say={duration}
              />
            </td>
            <td>
              <ScanFacts scan={image.scan} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Pair({
  arch,
  now,
  before,
  most,
  say,
}: {
  readonly arch: string;
  readonly now: number | undefined;
  readonly before: number | undefined;
  readonly most: number;
  readonly say: (value: number) => string;
}) {
  const { t, locale } = useConsole();
  if (now === undefined) return <span class="quiet">{t.unknown}</span>;
  const grown = growth(now, before, locale);
  return (
    <span class="pair" title={before === undefined ? undefined : t.before(say(before))}>
      <span class="pair-bars" aria-hidden="true">
        <i data-arch={arch} style={{ width: `${(now / most) * 100}%` }} />
        {before !== undefined && <i class="pair-before" style={{ width: `${(before / most) * 100}%` }} />}
      </span>
      <span class="number">{say(now)}</span>{" "}
      {grown !== undefined && (
        <span class="quiet number" data-grown={grown.startsWith("+") && now / (before ?? now) > 1.1}>
          {grown}
        </span>
      )}
    </span>
  );
}
