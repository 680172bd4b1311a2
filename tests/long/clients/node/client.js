// What an analyst's tool does with @clickhouse/client, in one JSON line. Usage: node client.js URL USER PASSWORD
import { createClient } from '@clickhouse/client'

const [url, username, password] = process.argv.slice(2)
const client = createClient({ url, username, password, database: 'clients', log: { level: 127 } })
const rows = async (query, query_params) => {
  const answer = await client.query({ query, query_params, format: 'JSONEachRow' })
  return answer.json()
}

const found = {}
found.connect = (await rows('SELECT version() AS v'))[0].v
found.list = (await rows('SHOW TABLES')).map((row) => row.name)
found.describe = (await rows('DESCRIBE TABLE numbers')).map((row) => `${row.name} ${row.type}`)
found.parameter = (await rows('SELECT {text:String} AS t', { text: "it's; -- 'x'" }))[0].t
found.stream = 0
const stream = await client.query({ query: 'SELECT id, word FROM numbers', format: 'JSONEachRow' })
for await (const part of stream.stream()) found.stream += part.length
try {
  await client.insert({ table: 'numbers', values: [{ id: 1, word: 'x' }], format: 'JSONEachRow' })
  found.refused = false
} catch (error) {
  found.refused = error.code
}
try {
  await client.command({ query: 'DROP TABLE numbers' })
  found.refused_drop = false
} catch (error) {
  found.refused_drop = error.code
}
await client.close()
console.log(JSON.stringify(found))
