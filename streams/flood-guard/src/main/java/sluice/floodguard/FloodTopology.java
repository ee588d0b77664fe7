package sluice.floodguard;

import java.time.Duration;
import java.util.regex.Pattern;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.state.Stores;

/**
 * From events to decisions:
 *
 * <pre>
 *   events.&lt;type&gt;.&lt;lane&gt; → count, per partition → counts, once a second, in one partition → judge → control.decisions
 * </pre>
 *
 * <p>Both stores are in memory, and kept in Kafka: they are small, and read back within a second.
 */
final class FloodTopology {
  private FloodTopology() {}

  /**
   * @param topics the lanes that are read, also those that come into being later
   * @param decisionsTopic where decisions go
   * @param maxSources how many sources are told apart
   */
  static Topology build(
      Pattern topics, String decisionsTopic, Limits limits, int maxSources, GuardMetrics metrics) {
    Serde<SourceEvent> events = Serdes.serdeFrom((topic, event) -> null, new SourceEventDeserializer());
    Serde<SourceKey> keys = Json.serde(SourceKey.class);
    StreamsBuilder builder = new StreamsBuilder();
    builder.addStateStore(
        Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(CountEvents.STORE), Json.serde(Slot.class), Serdes.Long())
            .withCachingEnabled());
    builder.addStateStore(
        Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(JudgeSources.STORE), keys, Json.serde(SourceState.class))
            .withCachingEnabled());
    // What is older would not count, so whoever reads a topic for the first time need not begin at its start.
    AutoOffsetReset reset = AutoOffsetReset.byDuration(Duration.ofSeconds(limits.horizonSeconds()));
    builder
        .stream(topics, Consumed.with(Serdes.ByteArray(), events).withOffsetResetPolicy(reset).withName("events"))
        .process(() -> new CountEvents(limits, maxSources, metrics), Named.as("count"), CountEvents.STORE)
        .repartition(
            Repartitioned.<SourceKey, Counts>as("counts")
                .withKeySerde(keys)
                .withValueSerde(Json.serde(Counts.class))
                .withNumberOfPartitions(1))
        .process(() -> new JudgeSources(limits, maxSources, metrics), Named.as("judge"), JudgeSources.STORE)
        .to(decisionsTopic, Produced.with(Serdes.String(), Json.serde(Decision.class)).withName("decisions"));
    return builder.build();
  }
}
