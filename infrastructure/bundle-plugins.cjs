// What packaging puts into the functions' bundles besides their code: the compiled pipelines, the buildspec's text and the console.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

require("tsx/cjs");
const { bundleConsole } = require("./console-assets.ts");
const { readPipelines } = require("./pipelines.ts");

const root = join(__dirname, "..");

const contents = {
  "tandem:pipelines": () => JSON.stringify(readPipelines(root)),
  "tandem:console": async () => JSON.stringify(await bundleConsole(root)),
  "tandem:buildspec": () => JSON.stringify(readFileSync(join(root, "buildspecs/build-image.yml"), "utf8")),
};

module.exports = [
  {
    name: "tandem",
    setup(build) {
      build.onResolve({ filter: /^tandem:/ }, ({ path }) => ({ path, namespace: "tandem" }));
      build.onLoad({ filter: /.*/, namespace: "tandem" }, async ({ path }) => ({
        contents: await contents[path](),
        loader: "json",
      }));
    },
  },
];
