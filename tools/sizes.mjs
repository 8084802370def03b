// Lists every function of the modules named, one JSON object a line: {path, name, line, lines}.
//
//   node tools/sizes.mjs FILE…
import { readFileSync } from "node:fs";
import { parse } from "acorn";
import { ancestor } from "acorn-walk";

/** What a reader would call the function: its own name, or what it is assigned to. */
function nameOf(node, parent) {
  const named = node.id ?? parent?.id ?? parent?.key ?? parent?.left;
  return named?.name ?? named?.property?.name ?? "(anonymous)";
}

function report(path) {
  const tree = parse(readFileSync(path, "utf8"), { ecmaVersion: "latest", sourceType: "module", locations: true });
  const visit = (node, _state, ancestors) => {
    const lines = node.loc.end.line - node.loc.start.line + 1;
    const name = nameOf(node, ancestors.at(-2));
    console.log(JSON.stringify({ path, name, line: node.loc.start.line, lines }));
  };
  ancestor(tree, { FunctionDeclaration: visit, FunctionExpression: visit, ArrowFunctionExpression: visit });
}

process.argv.slice(2).forEach(report);
