const HELLO = `name: hello
source:
  codecommit: { repository: hello, branches: [main], paths: ["**", "!docs/**"] }
images:
  - name: hello
stages:
  - name: staging
    deploy:
      - ecs: { cluster: staging, service: web, containers: { web: hello } }
`;

/** A pipeline of the repository `modes` that follows the branch of its mode's name. */
const inMode = (mode: string) => `name: ${mode}
mode: ${mode}
source:
  codecommit: { repository: modes, branches: [${mode}] }
images:
  - { name: hello, tags: ["{shortSha}"] }
stages:
  - name: staging
    approval: { from: [release-managers] }
    deploy:
      - ecs: { cluster: staging, service: web, containers: { web: hello } }
`;

const MONOREPO = `name: mono
source:
  codecommit: { repository: modes, branches: [mono] }
images:
  - { name: api, dockerfile: api/Dockerfile, context: api, paths: ["api/**"] }
  - { name: web, dockerfile: web/Dockerfile, context: web, paths: ["web/**"] }
`;

/** File name to content: one of the repository `hello`, the others of `modes`. */
export const ORDER_PIPELINES = {
  "hello.yml": HELLO,
  "queued.yml": inMode("queued"),
  "parallel.yml": inMode("parallel"),
  "mono.yml": MONOREPO,
};
