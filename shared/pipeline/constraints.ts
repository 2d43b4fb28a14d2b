import { architectureOf, CPU_ARCHITECTURES } from "./architectures.ts";
import type { CpuArchitecture } from "./definition.ts";

/**
 * Placement constraints on `ecs.cpu-architecture`, as far as they are understood; ECS alone decides what they mean.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
 */

const ATTRIBUTE = "attribute:ecs.cpu-architecture";

/**
 * The constraint that keeps a service to one architecture. It is spelled as a list, as people rarely do for one value, so
 * that it is known again, and a constraint that somebody has set is never taken for it and removed.
 */
export function ourConstraint(architecture: CpuArchitecture): string {
  return `${ATTRIBUTE} in [${architecture}]`;
}

export function isOurConstraint(expression: string | undefined): boolean {
  return CPU_ARCHITECTURES.some((architecture) => expression === ourConstraint(architecture));
}

/** The architecture that an earlier release of ours has confined a service to; undefined when none has. */
export function constrainedTo(constraints: readonly PlacementConstraint[] = []): CpuArchitecture | undefined {
  return CPU_ARCHITECTURES.find((one) =>
    constraints.some(({ expression }) => expression === ourConstraint(one)),
  );
}

/** What an expression leaves of the architectures. */
export interface Restriction {
  readonly allowed: readonly CpuArchitecture[];
  /** It is about the architecture in a way that is not understood here: `allowed` may be too much. */
  readonly unclear: boolean;
}

/**
 * `==`, `!=`, `in [..]`, `!in [..]` on the architecture, alone or joined by `and` with whatever else. Anything with `or` or
 * `not` is taken to restrict nothing: too many architectures are checked then, never too few.
 */
export function restrictionOf(expression: string): Restriction {
  const about = /ecs\.(?:cpu-architecture|instance-type)/.test(expression);
  const plain = expression.trim().replace(/^\(([^()]*)\)$/, "$1");
  if (/\|\||\bor\b|\bnot\b|!\s*\(|[()]/.test(plain)) return { allowed: CPU_ARCHITECTURES, unclear: about };
  const terms = plain.split(/&&|\band\b/).map((term) => termOf(term.trim()));
  return {
    allowed: CPU_ARCHITECTURES.filter((one) => terms.every(({ allowed }) => allowed.includes(one))),
    unclear: terms.some(({ unclear }) => unclear),
  };
}

const TERM =
  /^attribute:ecs\.cpu-architecture\s*(==|!=|equals|not_equals|in|!in|not_in)\s*(?:\[([^\]]*)\]|("?[\w-]+"?))$/;

function termOf(term: string): Restriction {
  const match = TERM.exec(term);
  if (match === null) {
    return { allowed: CPU_ARCHITECTURES, unclear: /ecs\.(?:cpu-architecture|instance-type)/.test(term) };
  }
  const [, operator = "", many, one = ""] = match;
  const named = (many ?? one)
    .split(",")
    .map((name) => name.trim().replaceAll('"', ""))
    // The attribute's values are exact: what is spelled otherwise matches no host.
    .filter((name) => architectureOf(name) === name);
  const negative = operator.startsWith("!") || operator.startsWith("not");
  return {
    allowed: CPU_ARCHITECTURES.filter((architecture) => named.includes(architecture) !== negative),
    unclear: false,
  };
}

/** A placement constraint, as ECS describes and takes it. */
export interface PlacementConstraint {
  readonly type?: "distinctInstance" | "memberOf" | undefined;
  readonly expression?: string | undefined;
}

/** The service's constraints with ours and no other of ours; without any of ours when `expression` is left out. */
export function withConstraint(
  constraints: readonly PlacementConstraint[],
  expression?: string,
): readonly PlacementConstraint[] {
  const others = constraints.filter((one) => !isOurConstraint(one.expression));
  return expression === undefined ? others : [...others, { type: "memberOf", expression }];
}
