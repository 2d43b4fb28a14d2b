import { service } from "./service-world.ts";
import { CLUSTER } from "./services.ts";

export const SERVICES = [
  ...["colours", "alarmed", "settling", "leaning", "shifting"],
  ...["gated", "asked", "watched", "scanned"],
];

/** The alarms of strategies, and of weights that are moved: all is well at first. */
export const ALARMS = ["settling-errors", "leaning-errors", "shifting-errors"];

const LINEAR = ", strategy: linear, traffic: { percent: 25, every: 1m }, alarms: [shifting-errors]";
const LEANING = `, alarms: [leaning-errors], shift: [{ weights: { ${CLUSTER}-x86: 1, ${CLUSTER}-graviton: 3 }, bake: 30m }]`;

/**
 * Pipelines about what a stage waits for, and how ECS replaces its services, by name.
 * @param shop the address that checks ask
 */
export const pipelines = (shop: string): Readonly<Record<string, string>> => ({
  colours: `
  - name: live
    approval: { from: [release-managers] }
    pauseAt: [POST_TEST_TRAFFIC_SHIFT]
    deploy: [${service("colours", ", strategy: blue-green, bake: 1m")}]`,
  alarms: `
  - name: live
    deploy: [${service("alarmed", ", strategy: canary, traffic: { percent: 50, every: 1m }, bake: 10m, alarms: [web-errors]")}]`,
  settling: `
  - name: live
    deploy: [${service("settling", ", bake: 5m, alarms: [settling-errors]")}]`,
  gates: `
  - name: closed
    window: { timezone: Asia/Tokyo, notBefore: 2099-01-01T09:00 }
    overrides: [release-managers]
    deploy: [${service("gated")}]
  - name: checked
    checks: [{ http: "${shop}/health" }]
    deploy: [${service("gated")}]
  - name: two
    approval: { from: [release-managers], required: 2 }
    deploy: [${service("gated")}]`,
  leaning: `
  - name: live
    deploy: [${service("leaning", LEANING)}]`,
  linear: `
  - name: live
    deploy: [${service("shifting", LINEAR)}]`,
  smoke: `
  - name: live
    checks: [{ lambda: smoke }]
    deploy: [${service("asked")}]`,
  alarm: `
  - name: live
    checks: [{ alarm: checkout-errors }]
    deploy: [${service("watched")}]`,
  scan: `
  - name: live
    checks: [{ scan: high }]
    overrides: [release-managers]
    deploy: [${service("scanned")}]`,
});
