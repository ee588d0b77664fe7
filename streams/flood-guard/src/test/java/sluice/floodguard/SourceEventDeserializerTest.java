package sluice.floodguard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import sluice.floodguard.SourceEvent.Origin;

class SourceEventDeserializerTest {
  private static final SourceEvent EVENT =
      new SourceEvent(new SourceKey("default", "/shop", "order-placed"), 1795495540241L, Origin.POSTED);
  private static final String JSON =
      """
      {"specversion":"1.0","id":"1","source":"/shop","type":"order-placed","receivedat":"1795495540241",
       "data":{"source":"/other","tags":["a",{"type":"b"}]},"tenant":"default"%s}""";

  private static SourceEvent read(String json, Headers headers) {
    byte[] value = json == null ? null : json.getBytes(StandardCharsets.UTF_8);
    return new SourceEventDeserializer().deserialize("events.order-placed.high", headers, value);
  }

  private static SourceEvent read(String json) {
    return read(json, new RecordHeaders());
  }

  private static RecordHeaders headers(String... pairs) {
    RecordHeaders headers = new RecordHeaders();
    for (int at = 0; at < pairs.length; at += 2) headers.add(pairs[at], pairs[at + 1].getBytes(StandardCharsets.UTF_8));
    return headers;
  }

  @Test
  void readsAWholeEventAndNothingOfItsData() {
    assertEquals(EVENT, read(JSON.formatted("")));
  }

  @Test
  void readsAFramedEventFromItsHeaders() {
    RecordHeaders headers =
        headers(
            "ce_source", "/shop", "ce_type", "order-placed", "ce_tenant", "default", "ce_receivedat", "1795495540241");
    assertEquals(EVENT, read("\0\0\0\0\1{}", headers));
  }

  @Test
  void knowsWhatFollowsFromAnotherEvent() {
    assertEquals(Origin.DERIVED, read(JSON.formatted(",\"causationid\":\"0\"")).origin());
    assertEquals(Origin.POSTED, read(JSON.formatted(",\"causationid\":null")).origin());
  }

  @Test
  void knowsWhatWasWrittenAgain() {
    RecordHeaders headers = headers("content-type", "application/cloudevents+json", "sluice-generation", "redrive-1");
    assertEquals(Origin.REPEATED, read(JSON.formatted(""), headers).origin());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "no json",
        "[]",
        "{\"source\":\"/shop\"",
        "{\"source\":\"/shop\",\"type\":\"a\",\"receivedat\":\"1\"}",
        "{\"source\":\"\",\"type\":\"a\",\"receivedat\":\"1\",\"tenant\":\"default\"}",
        "{\"source\":5,\"type\":\"a\",\"receivedat\":\"1\",\"tenant\":\"default\"}",
        "{\"source\":\"/shop\",\"type\":\"a\",\"receivedat\":\"soon\",\"tenant\":\"default\"}",
        "\0\0"
      })
  void whatHoldsNoEventIsRefused(String value) {
    assertThrows(SerializationException.class, () -> read(value));
  }

  @Test
  void arecordWithoutAValueIsRefused() {
    assertThrows(SerializationException.class, () -> read(null));
  }

  @Test
  void nothingOfARecordIsInTheErrorThatIsKeptBesideIt() {
    SerializationException error =
        assertThrows(SerializationException.class, () -> read("{\"source\": hunter2}"));
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      assertFalse(cause.getMessage().contains("hunter2"));
    }
  }
}
