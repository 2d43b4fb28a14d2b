import { service } from "./service-world.ts";
import { CLUSTER } from "./services.ts";

const breaker = ", circuitBreaker: { threshold: { count: 2 } }";
const command = (text: string) => `container: web, command: [sh, -c, "${text}"]`;

export const SERVICES = [
  ...["filed", "newest", "first", "second"],
  ...["front", "back", "side", "migrated", "smoked"],
];

/** Pipelines about what is deployed, by name. */
export const PIPELINES: Readonly<Record<string, string>> = {
  files: `
  - name: file
    approval: { from: [release-managers] }
    deploy: [${service("filed", ", taskDefinition: { file: deploy/task.json, variables: { LEVEL: debug } }")}]
  - name: newest
    deploy: [${service("newest", ", taskDefinition: family")}]`,
  order: `
  - name: live
    deploy: [${service("first")}, ${service("second", `, taskDefinition: family${breaker}`)}]`,
  stay: `
  - name: live
    onFailure: stay
    deploy: [${service("first")}, ${service("second", `, taskDefinition: family${breaker}`)}]`,
  parallel: `
  - name: live
    order: parallel
    deploy: [${service("front", ", needs: [back]")}, ${service("back", `, taskDefinition: family${breaker}`)}, ${service("side")}]`,
  tasks: `
  - name: live
    deploy:
      - ecs:
          cluster: ${CLUSTER}
          service: migrated
          containers: { web: hello }
          taskDefinition: family
          before: { run: migrate, ${command("echo moved 3 tables")}, architecture: arm64, timeout: 5m }
          after: { run: smoke, ${command("echo all is well")} }`,
  smoke: `
  - name: live
    deploy:
      - ecs:
          cluster: ${CLUSTER}
          service: smoked
          containers: { web: hello }
          after: { run: smoke, ${command("echo page is blank; exit 4")} }`,
};

/** The task definition of the pipeline `files`, with two placeholders and a field that no SDK knows. */
export const TASK = JSON.stringify({
  family: "filed",
  networkMode: "bridge",
  containerDefinitions: [
    {
      name: "web",
      image: "of the release",
      memory: 32,
      essential: true,
      environment: [
        { name: "LEVEL", value: `\${LEVEL}` },
        { name: "RUN", value: `\${TANDEM_RUN}` },
      ],
      dockerLabels: { team: "shop" },
      notYetKnown: { kept: [1, 2] },
    },
  ],
});
