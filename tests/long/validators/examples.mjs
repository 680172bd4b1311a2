// Compiles every exported schema in ajv's strict mode and says of each example whether it is accepted.
// Usage: FOLDER OF THE CONTRACT. Out: one JSON object a line; `accepts` is null for what is no JSON text.
import { readFileSync, readdirSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const contract = process.argv[2];
const ajv = new Ajv.default({ strict: true });
addFormats.default(ajv);

function accepts(validate, path) {
  let value;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path)));
  } catch {
    return null;
  }
  return validate(value);
}

for (const file of readdirSync(`${contract}/json`)) {
  const topic = file.replace(".v1.schema.json", "");
  const validate = ajv.compile(JSON.parse(readFileSync(`${contract}/json/${file}`)));
  for (const kind of ["valid", "invalid"]) {
    const folder = `${contract}/examples/${topic}/v1/${kind}`;
    for (const name of readdirSync(folder)) {
      console.log(JSON.stringify({ topic, kind, name, accepts: accepts(validate, `${folder}/${name}`) }));
    }
  }
}
