import type { ChildDetails, RunDetails } from "../../shared/pipeline/run-detail.ts";
import type { ImageView } from "../../shared/pipeline/view.ts";
import { architectureOf } from "../format/names.ts";
import { bytes } from "../format/numbers.ts";
import { runAddress } from "../model/route.ts";
import { childrenOf } from "../model/run-state.ts";
import { Digest, Foreign, Status } from "../parts/small.tsx";
import { useConsole } from "./context.ts";

/** The image indexes with the size of each platform. */
export function IndexSection({
  images,
  details,
}: {
  readonly images: readonly ImageView[];
  readonly details: RunDetails | undefined;
}) {
  const { t } = useConsole();
  return (
    <section aria-labelledby="index">
      <h2 id="index">{t.index}</h2>
      {images.map((image) => (
        <ImageIndex key={image.name} image={image} platforms={childrenOf(details, image.name)} />
      ))}
    </section>
  );
}

function ImageIndex({
  image,
  platforms,
}: {
  readonly image: ImageView;
  readonly platforms: readonly ChildDetails[];
}) {
  const { t } = useConsole();
  return (
    <article class="index">
      <p class="facts">
        <b>{image.name}</b>
        <Status status={image.status} />
        {image.indexDigest !== undefined && <Digest digest={image.indexDigest} />}
        {(image.tags ?? []).map((tag) => (
          <code class="tag" key={tag}>
            <Foreign text={tag} />
          </code>
        ))}
        {image.reusedFrom !== undefined && (
          <span class="quiet">
            {t.reusedFrom} <a href={runAddress(image.reusedFrom)}>{image.reusedFrom}</a>
          </span>
        )}
      </p>
      {image.reason !== undefined && (
        <p class="flag" data-tone="bad">
          <Foreign text={image.reason} />
        </p>
      )}
      {(image.skippedTags ?? []).map(({ tag, why }) => (
        <p class="quiet" key={tag}>
          {t.skippedTag} <code>{tag}</code>: <Foreign text={why} />
        </p>
      ))}
      {platforms.length > 0 && <Sizes platforms={platforms} />}
    </article>
  );
}

function Sizes({ platforms }: { readonly platforms: readonly ChildDetails[] }) {
  const { t, locale } = useConsole();
  const largest = Math.max(1, ...platforms.map(({ size }) => size ?? 0));
  return (
    <table class="sizes">
      <caption class="unseen">{t.sizes}</caption>
      <tbody>
        {platforms.map(({ platform, digest, size }) => (
          <tr key={digest}>
            <th scope="row">
              <span class="arch" data-arch={architectureOf(platform)}>
                {platform}
              </span>
            </th>
            <td class="size-bar" aria-hidden="true">
              <i
                data-arch={architectureOf(platform)}
                style={{ width: `${((size ?? 0) / largest) * 100}%` }}
              />
            </td>
            <td class="number">{size === undefined ? "" : bytes(size, locale)}</td>
            <td>
              <Digest digest={digest} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
