package sluice.floodguard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FloodTopologyTest {
  private static final Limits LIMITS =
      new Limits(10, 20, 20, 5, OptionalLong.empty(), 70, 30_000, 100_000, 60_000, Set.of());
  private static final Instant START = Instant.parse("2026-11-28T10:00:00Z");
  private static final SourceKey SHOP = new SourceKey("default", "/shop", "page-viewed");

  private final GuardMetrics metrics = new GuardMetrics();
  private TopologyTestDriver driver;
  private TestInputTopic<String, byte[]> high;
  private TestInputTopic<String, byte[]> low;
  private TestOutputTopic<String, Decision> decisions;
  private Instant now = START;

  @BeforeEach
  void open() {
    start(1000);
  }

  private void start(int maxSources) {
    Properties config = new Properties();
    config.put(StreamsConfig.ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG, FloodGuard.DEAD_LETTER_TOPIC);
    config.put(StreamsConfig.DESERIALIZATION_EXCEPTION_HANDLER_CLASS_CONFIG, CountDeadLetters.class);
    config.put(CountDeadLetters.METRICS, metrics);
    config.put(StreamsConfig.ENSURE_EXPLICIT_INTERNAL_RESOURCE_NAMING_CONFIG, true);
    driver =
        new TopologyTestDriver(
            FloodTopology.build(
                Pattern.compile("events\\..*\\.(high|low)"), FloodGuard.DECISIONS_TOPIC, LIMITS, maxSources, metrics),
            config,
            START);
    high = driver.createInputTopic("events.page-viewed.high", new StringSerializer(), new ByteArraySerializer());
    low = driver.createInputTopic("events.page-viewed.low", new StringSerializer(), new ByteArraySerializer());
    decisions =
        driver.createOutputTopic(
            FloodGuard.DECISIONS_TOPIC, new StringDeserializer(), Json.serde(Decision.class).deserializer());
  }

  @AfterEach
  void close() {
    driver.close();
  }

  private static byte[] event(SourceKey key, Instant receivedAt) {
    return Json.text(
            Map.of(
                "id", "1",
                "tenant", key.tenant(),
                "source", key.source(),
                "type", key.type(),
                "receivedat", String.valueOf(receivedAt.toEpochMilli()),
                "data", Map.of()))
        .getBytes();
  }

  private void send(SourceKey key, int events, Instant receivedAt) {
    for (int n = 0; n < events; n++) low.pipeInput("k" + n, event(key, receivedAt));
  }

  private void pass(int seconds) {
    for (int n = 0; n < seconds; n++) {
      now = now.plusSeconds(1);
      driver.advanceWallClockTime(Duration.ofSeconds(1));
    }
  }

  /** Seconds in which each of these sends so many events. */
  private void seconds(int count, Map<SourceKey, Integer> rates) {
    for (int n = 0; n < count; n++) {
      rates.forEach((key, events) -> send(key, events, now));
      pass(1);
    }
  }

  private static SourceKey source(String source) {
    return new SourceKey("default", source, "page-viewed");
  }

  @Test
  void aFloodBecomesADecisionAndItsEndATombstoneUnderTheSameId() {
    seconds(12, Map.of(SHOP, 40));
    KeyValue<String, Decision> raised = decisions.readKeyValue();
    assertEquals("flood/default//shop/page-viewed", raised.key);
    assertEquals(raised.key, raised.value.id());
    assertEquals("suppress", raised.value.action());
    assertEquals(SHOP.scope(), raised.value.scope());
    assertEquals(20, raised.value.evidence().limit());
    assertEquals(
        Duration.ofSeconds(30),
        Duration.between(Instant.parse(raised.value.from()), Instant.parse(raised.value.until())));
    assertTrue(decisions.isEmpty());

    pass(35);
    TestRecord<String, Decision> lifted = decisions.readRecord();
    assertEquals(raised.key, lifted.key());
    assertNull(lifted.value());
    assertEquals("flood-guard", new String(lifted.headers().lastHeader("lifted-by").value()));
    assertTrue(decisions.isEmpty());
  }

  @Test
  void aSourceAtTheLimitAndOneThatIsNotAloneAreLeftAlone() {
    seconds(15, Map.of(SHOP, 20));
    Map<SourceKey, Integer> busy = new HashMap<>();
    for (int n = 0; n < 4; n++) busy.put(source("/other/" + n), 3);
    seconds(10, busy);
    busy.put(SHOP, 58);
    seconds(15, busy);
    assertTrue(decisions.isEmpty());
  }

  @Test
  void tenantsAndTypesAreCountedApart() {
    SourceKey otherTenant = new SourceKey("acme", "/shop", "page-viewed");
    SourceKey otherType = new SourceKey("default", "/shop", "order-placed");
    seconds(15, Map.of(SHOP, 18, otherTenant, 18, otherType, 18));
    assertTrue(decisions.isEmpty());
    seconds(15, Map.of(SHOP, 18, otherTenant, 200));
    assertEquals("flood/acme//shop/page-viewed", decisions.readKeyValue().key);
    assertTrue(decisions.isEmpty());
  }

  @Test
  void aFloodOfTwoTypesDoesNotHideItself() {
    SourceKey otherType = new SourceKey("default", "/shop", "order-placed");
    seconds(12, Map.of(SHOP, 40, otherType, 40));
    List<String> ids = decisions.readKeyValuesToList().stream().map(each -> each.key).sorted().toList();
    assertEquals(List.of("flood/default//shop/order-placed", "flood/default//shop/page-viewed"), ids);
  }

  @Test
  void aFloodDoesNotHideTheNextOne() {
    seconds(12, Map.of(SHOP, 40));
    decisions.readKeyValue();
    seconds(12, Map.of(source("/next"), 40));
    assertEquals("flood/default//next/page-viewed", decisions.readKeyValue().key);
  }

  @Test
  void lanesAndPartitionsThatAreReadOneAfterTheOtherAddUpToTheSameDecision() {
    // Of ten seconds, one lane is read as they pass, the other all at once at their end.
    for (int n = 0; n < 10; n++) {
      send(SHOP, 12, now);
      pass(1);
    }
    assertTrue(decisions.isEmpty());
    for (int n = 1; n <= 10; n++) {
      for (int each = 0; each < 12; each++) high.pipeInput("k", event(SHOP, now.minusSeconds(n)));
    }
    pass(2);
    assertEquals("flood/default//shop/page-viewed", decisions.readKeyValue().key);
    assertEquals(0, metrics.stale.sum());
  }

  @Test
  void inWhateverOrderEventsAreReadTheDecisionIsTheSame() {
    List<byte[]> events = new ArrayList<>();
    for (int second = 0; second < 20; second++) {
      for (int n = 0; n < 30; n++) events.add(event(SHOP, START.plusSeconds(second)));
      for (int n = 0; n < 2; n++) events.add(event(source("/other"), START.plusSeconds(second)));
    }
    List<Decision> expected = null;
    for (int seed = 0; seed < 5; seed++) {
      Collections.shuffle(events, new Random(seed));
      driver.close();
      start(1000);
      now = START;
      driver.advanceWallClockTime(Duration.ofSeconds(20));
      for (byte[] each : events) low.pipeInput("k", each);
      pass(2);
      List<Decision> found = decisions.readValuesToList();
      assertEquals(1, found.size());
      if (expected == null) expected = found;
      assertEquals(expected, found);
    }
    assertEquals(0, metrics.stale.sum());
  }

  @Test
  void historyThatIsReplayedDecidesNothingAndIsCountedAsStale() {
    send(SHOP, 1000, START.minusSeconds(3600));
    pass(2);
    assertTrue(decisions.isEmpty());
    assertEquals(1000, metrics.stale.sum());
    assertEquals(0, metrics.counted.sum());
  }

  @Test
  void aGatewayWhoseClockIsAheadIsCountedNow() {
    for (int n = 0; n < 12; n++) {
      send(SHOP, 40, now.plusSeconds(300));
      pass(1);
    }
    assertEquals("flood/default//shop/page-viewed", decisions.readKeyValue().key);
  }

  @Test
  void derivedAndRepeatedEventsAreNotCounted() {
    for (int n = 0; n < 500; n++) {
      byte[] derived = new String(event(SHOP, now)).replace("\"id\"", "\"causationid\":\"0\",\"id\"").getBytes();
      low.pipeInput("k", derived);
      TestRecord<String, byte[]> repeated = new TestRecord<>("k", event(SHOP, now));
      repeated.headers().add("sluice-generation", "redrive-1".getBytes());
      low.pipeInput(repeated);
    }
    pass(2);
    assertTrue(decisions.isEmpty());
    assertEquals(500, metrics.derived.sum());
    assertEquals(500, metrics.repeated.sum());
  }

  @Test
  void whatCannotBeReadIsADeadLetterWithItsPlaceAndTheRestIsCounted() {
    TestOutputTopic<byte[], byte[]> letters =
        driver.createOutputTopic(
            FloodGuard.DEAD_LETTER_TOPIC, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    low.pipeInput("k", "no event".getBytes());
    low.pipeInput("k", (byte[]) null);
    send(SHOP, 1, now);
    TestRecord<byte[], byte[]> letter = letters.readRecord();
    assertEquals("no event", new String(letter.value()));
    assertEquals(
        "events.page-viewed.low", new String(letter.headers().lastHeader("__streams.errors.topic").value()));
    assertNotNull(letter.headers().lastHeader("__streams.errors.offset"));
    assertNull(letters.readRecord().value());
    assertEquals(2, metrics.deadLetters.sum());
    assertEquals(1, metrics.counted.sum());
  }

  @Test
  void sourcesBeyondThoseThatAreToldApartAreCountedTogetherAndNeverSuppressed() {
    driver.close();
    start(10);
    for (int second = 0; second < 12; second++) {
      for (int n = 0; n < 40; n++) send(source("/" + second + "/" + n), 1, now);
      pass(1);
    }
    assertTrue(decisions.isEmpty());
    int entries = 0;
    try (var sources = driver.<SourceKey, SourceState>getKeyValueStore(JudgeSources.STORE).all()) {
      for (; sources.hasNext(); entries++) sources.next();
    }
    assertTrue(entries <= 11, entries + " entries");
    assertTrue(metrics.untold.sum() > 300);
  }

  @Test
  void aSourceThatIsCalmAndSilentIsForgotten() {
    seconds(2, Map.of(SHOP, 10));
    assertNotNull(driver.getKeyValueStore(JudgeSources.STORE).get(SHOP));
    pass(40);
    assertNull(driver.getKeyValueStore(JudgeSources.STORE).get(SHOP));
    assertFalse(driver.getKeyValueStore(CountEvents.STORE).all().hasNext());
  }

  @Test
  void theTopTalkersAreThoseWithTheHighestRates() {
    seconds(12, Map.of(SHOP, 60, source("/other"), 2, source("/third"), 4));
    TopTalkers top =
        TopTalkers.read(driver.getKeyValueStore(JudgeSources.STORE), LIMITS, 2, now.toEpochMilli());
    assertEquals(List.of("/shop", "/third"), top.talkers().stream().map(TopTalkers.Talker::source).toList());
    assertEquals(3, top.sources());
    assertEquals(60, top.talkers().get(0).rate());
    assertEquals("suppressed", top.talkers().get(0).state());
    assertNotNull(top.talkers().get(0).until());
    assertNull(top.talkers().get(1).until());
  }

  @Test
  void metricsHaveNoSourcesInThem() {
    seconds(12, Map.of(SHOP, 40));
    low.pipeInput("k", "no event".getBytes());
    String text = metrics.text(true, 7);
    assertFalse(text.contains("/shop"));
    for (String line :
        List.of(
            "sluice_flood_guard_events_total{result=\"counted\"} 480",
            "sluice_flood_guard_events_total{result=\"dead-letter\"} 1",
            "sluice_flood_guard_decisions_total{action=\"suppress\"} 1",
            "sluice_flood_guard_suppressed_sources 1",
            "sluice_flood_guard_top_rate{rank=\"1\"} 40",
            "sluice_flood_guard_lag_records 7",
            "sluice_flood_guard_running 1")) {
      assertTrue(text.contains(line + "\n"), line + " in\n" + text);
    }
  }
}
