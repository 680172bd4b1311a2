// The desktop of one rep: signs in, accepts, answers, closes, signs out. Usage: BOOTSTRAP WORKSPACE REP TEAM.
// Java 17, kafka-clients 4 and jackson-databind: java -cp 'jars/*' ConsumeAssignments.java localhost:9092 acme ann care
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class ConsumeAssignments implements ConsumerRebalanceListener {
    static final ObjectMapper JSON = new ObjectMapper();
    static final List<String> STATES = List.of("offered", "assigned", "released", "closed");

    final String workspace, rep, team;
    final KafkaConsumer<String, String> consumer;
    final KafkaProducer<String, String> producer;
    final Map<String, int[]> seen = new HashMap<>(); // case_id: its newest (attempt, state, update)
    long number = System.currentTimeMillis(); // also higher than all before a restart

    ConsumeAssignments(String bootstrap, String workspace, String rep, String team) {
        this.workspace = workspace;
        this.rep = rep;
        this.team = team;
        consumer = new KafkaConsumer<>(Map.of(
            "bootstrap.servers", bootstrap, "group.id", "desktop-" + workspace + "-" + rep,
            "enable.auto.commit", false, "isolation.level", "read_committed",
            "auto.offset.reset", "latest"), // a new group begins now
            new StringDeserializer(), new StringDeserializer());
        // The default partitioner places keys by murmur2.
        producer = new KafkaProducer<>(
            Map.of("bootstrap.servers", bootstrap), new StringSerializer(), new StringSerializer());
    }

    ObjectNode event(String type, String eventId) {
        long seq = number++;
        String id = eventId != null ? eventId : type + "-" + rep + "-" + seq;
        return JSON.createObjectNode().put("type", type).put("workspace", workspace).put("rep_id", rep)
            .put("sender", "java-example").put("seq", seq).put("event_id", id).put("occurred_at", Instant.now().toString());
    }

    void say(ObjectNode event) {
        try {
            producer.send(new ProducerRecord<>("reps.events", workspace, event.toString())).get();
        } catch (InterruptedException | ExecutionException failed) {
            throw new IllegalStateException("Kafka did not take the event", failed);
        }
    }

    boolean isNewer(JsonNode record) {
        int[] version = {record.get("attempt").asInt(), STATES.indexOf(record.get("state").asText()),
            record.path("update").asInt()};
        int[] known = seen.getOrDefault(record.get("case_id").asText(), new int[] {0, 0, 0});
        if (Arrays.compare(version, known) <= 0) return false; // read again, or superseded
        seen.put(record.get("case_id").asText(), version);
        return true;
    }

    ObjectNode about(JsonNode record, String type, String name) {
        ObjectNode event = event(type, name + "-" + record.get("assignment_id").asText());
        return event.put("case_id", record.get("case_id").asText()).put("attempt", record.get("attempt").asInt());
    }

    void handle(JsonNode record) {
        String state = record.get("state").asText();
        if (state.equals("offered") && Instant.parse(record.get("expires_at").asText()).isAfter(Instant.now())) {
            say(about(record, "offer_accepted", "accept"));
        } else if (state.equals("assigned") && record.path("update").asInt() == 0) {
            // A person reads record.get("posts"), answers on the network, and closes the case.
            say(about(record, "reply_sent", "reply").put("channel", record.get("channel").asText()));
            say(about(record, "case_resolved", "resolve"));
        }
    }

    public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
        assigned.forEach(consumer::position); // settles where to read from: no offer can come before that
        ObjectNode signIn = event("signed_in", null).put("capacity", 10);
        signIn.putArray("teams").add(team);
        say(signIn);
    }

    public void onPartitionsRevoked(Collection<TopicPartition> revoked) {}

    void run() throws Exception {
        consumer.subscribe(List.of("assignments"), this);
        while (true) {
            for (ConsumerRecord<String, String> read : consumer.poll(Duration.ofSeconds(1))) {
                JsonNode record = JSON.readTree(read.value());
                boolean mine = record.get("workspace").asText().equals(workspace)
                    && record.get("rep_id").asText().equals(rep) && STATES.contains(record.get("state").asText());
                if (mine && isNewer(record)) {
                    System.out.println(record.get("state").asText() + " " + rep + " "
                        + record.get("case_id").asText() + " " + record.get("attempt").asText());
                    handle(record);
                }
                // Only now: a crash repeats, it never skips.
                consumer.commitSync(Map.of(new TopicPartition(read.topic(), read.partition()),
                    new OffsetAndMetadata(read.offset() + 1)));
            }
        }
    }

    public static void main(String[] args) throws Exception {
        ConsumeAssignments desktop = new ConsumeAssignments(args[0], args[1], args[2], args[3]);
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            desktop.consumer.wakeup();
            try {
                main.join(10_000);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }));
        try {
            desktop.run();
        } catch (WakeupException stopped) {
            desktop.say(desktop.event("signed_out", null));
        } finally {
            desktop.consumer.close();
            desktop.producer.close();
        }
    }
}
