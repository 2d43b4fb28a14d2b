// What packaging puts into the functions' bundles besides their code: the compiled pipelines and the buildspec's text.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

require("tsx/cjs");
const { readPipelines } = require("./pipelines.ts");

const root = join(__dirname, "..");

const contents = {
  "tandem:pipelines": () => JSON.stringify(readPipelines(root)),
  "tandem:buildspec": () => JSON.stringify(readFileSync(join(root, "buildspecs/build-image.yml"), "utf8")),
};

module.exports = [
  {
    name: "tandem",
    setup(build) {
      build.onResolve({ filter: /^tandem:/ }, ({ path }) => ({ path, namespace: "tandem" }));
      build.onLoad({ filter: /.*/, namespace: "tandem" }, ({ path }) => ({
        contents: contents[path](),
        loader: "json",
      }));
    },
  },
];
