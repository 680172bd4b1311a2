// The desktop of one rep: signs in, accepts, answers, closes, signs out. Usage: BOOTSTRAP WORKSPACE REP TEAM.
// Needs kafkajs 2 (`npm install`, in this folder). kafkajs reads committed records only and places keys by murmur2.
import { Kafka, Partitioners, logLevel } from "kafkajs";

const [bootstrap, workspace, rep, team] = process.argv.slice(2);
const kafka = new Kafka({ brokers: bootstrap.split(","), clientId: `desktop-${rep}`, logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId: `desktop-${workspace}-${rep}`, maxWaitTimeInMs: 500 });
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, idempotent: true });
const states = ["offered", "assigned", "released", "closed"];
const seen = new Map(); // case_id: its newest [attempt, state, update]
let number = Date.now(); // also higher than all before a restart

async function say(type, eventId, fields = {}) {
  const seq = number++;
  const event = { type, workspace, rep_id: rep, sender: "node-example", seq, event_id: eventId ?? `${type}-${rep}-${seq}`,
                  occurred_at: new Date().toISOString(), ...fields };
  await producer.send({ topic: "reps.events", messages: [{ key: workspace, value: JSON.stringify(event) }] });
}

function isNewer(record) {
  const version = [record.attempt, states.indexOf(record.state), record.update ?? 0];
  const known = seen.get(record.case_id) ?? [0, 0, 0];
  const differs = version.findIndex((part, n) => part !== known[n]);
  if (differs < 0 || version[differs] < known[differs]) return false; // read again, or superseded
  seen.set(record.case_id, version);
  return true;
}

async function handle(record) {
  const offer = { case_id: record.case_id, attempt: record.attempt };
  if (record.state === "offered" && Date.parse(record.expires_at) > Date.now()) {
    await say("offer_accepted", `accept-${record.assignment_id}`, offer);
  } else if (record.state === "assigned" && !record.update) {
    // A person reads record.posts, answers on the network, and closes the case.
    await say("reply_sent", `reply-${record.assignment_id}`, { ...offer, channel: record.channel });
    await say("case_resolved", `resolve-${record.assignment_id}`, offer);
  }
}

// The first fetch has settled where to read from, so no offer can come before that.
const stopWaiting = consumer.on(consumer.events.FETCH, () => {
  stopWaiting();
  say("signed_in", undefined, { teams: [team], capacity: 10 });
});
process.on("SIGTERM", async () => {
  await say("signed_out");
  await consumer.disconnect();
  await producer.disconnect();
});
await producer.connect();
await consumer.connect();
await consumer.subscribe({ topics: ["assignments"], fromBeginning: false }); // a new group begins now
await consumer.run({
  autoCommit: false,
  eachMessage: async ({ topic, partition, message }) => {
    const record = JSON.parse(message.value.toString());
    const mine = record.workspace === workspace && record.rep_id === rep && states.includes(record.state);
    if (mine && isNewer(record)) {
      console.log(record.state, rep, record.case_id, record.attempt);
      await handle(record);
    }
    // Only now: a crash repeats, it never skips.
    await consumer.commitOffsets([{ topic, partition, offset: String(BigInt(message.offset) + 1n) }]);
  },
});
