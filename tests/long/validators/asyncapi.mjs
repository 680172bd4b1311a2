// What the official parser says of an AsyncAPI document. Usage: FILE. Out: one JSON object.
import { Parser, fromFile } from "@asyncapi/parser";

const { document, diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
const said = diagnostics.map(({ severity, code, message, path }) => ({ severity, code, message, path }));
console.log(JSON.stringify({ version: document?.version() ?? null, diagnostics: said }));
