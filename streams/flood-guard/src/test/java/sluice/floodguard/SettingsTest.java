package sluice.floodguard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.config.types.Password;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import sluice.floodguard.Environment.SettingsException;

class SettingsTest {
  @TempDir Path folder;

  private static Settings read(String... pairs) throws SettingsException {
    return Settings.read(variables(pairs));
  }

  private static Map<String, String> variables(String... pairs) {
    Map<String, String> variables = new HashMap<>(Map.of("KAFKA_BROKERS", "a:9092"));
    for (int at = 0; at < pairs.length; at += 2) variables.put(pairs[at], pairs[at + 1]);
    return variables;
  }

  /** The variables that are complained about, in that order. */
  private static List<String> complaints(String... pairs) {
    SettingsException error = assertThrows(SettingsException.class, () -> read(pairs));
    return Arrays.stream(error.getMessage().split("\n")).skip(1).map(line -> line.trim().split(":")[0]).toList();
  }

  private String file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text).toString();
  }

  private static String text(Settings settings, String property) {
    Object value = settings.kafka().get(property);
    return value instanceof Password password ? password.value() : String.valueOf(value);
  }

  @Test
  void brokersAreEnough() throws SettingsException {
    Settings settings = read();
    assertEquals("127.0.0.1", settings.adminHost());
    assertEquals("PLAINTEXT", text(settings, "security.protocol"));
    assertEquals(
        new Limits(10, 20, 500, 5, OptionalLong.empty(), 70, 30_000, 300_000, 60_000, Set.of()), settings.limits());
  }

  @Test
  void readsTheLanesOfAllTypesAndNothingElse() throws SettingsException {
    Settings settings = read();
    assertTrue(settings.topics().matcher("events.order-placed.high").matches());
    assertTrue(settings.topics().matcher("events.a-new-type.low").matches());
    for (String other :
        List.of(
            "events.order-placed.order-placed.dlq",
            "events.order-placed.order-placed.retry.5s",
            "events.rejected",
            "events.outcomes",
            "control.decisions",
            "other.order-placed.high")) {
      assertFalse(settings.topics().matcher(other).matches(), other);
    }
  }

  @Test
  void readsOnlyTheTypesThatAreNamed() throws SettingsException {
    Settings settings = read("FLOOD_TYPES", "order-placed, page-viewed");
    assertTrue(settings.topics().matcher("events.page-viewed.low").matches());
    assertFalse(settings.topics().matcher("events.payment-failed.high").matches());
  }

  @Test
  void everythingThatIsWrongIsToldAtOnceAndNoValueIsShown() {
    assertEquals(
        List.of("FLOOD_TYPES", "FLOOD_MAX_HOLD_SECONDS", "FLOOD_RATIO", "ADMIN_PORT", "LOG_LEVEL"),
        complaints(
            "FLOOD_TYPES", "Order",
            "FLOOD_HOLD_SECONDS", "60",
            "FLOOD_MAX_HOLD_SECONDS", "30",
            "FLOOD_RATIO", "many",
            "ADMIN_PORT", "high",
            "LOG_LEVEL", "loud"));
    assertEquals(List.of("KAFKA_BROKERS"), complaints("KAFKA_BROKERS", ""));
    assertEquals(List.of("KAFKA_BROKERS"), complaints("KAFKA_BROKERS", "somewhere"));
    SettingsException error =
        assertThrows(SettingsException.class, () -> read("KAFKA_SASL_PASSWORD", "hunter2"));
    assertFalse(error.getMessage().contains("hunter2"));
  }

  @Test
  void halfALoginAndHalfACertificateAreTold() throws IOException {
    assertEquals(List.of("KAFKA_SASL_USERNAME"), complaints("KAFKA_SASL_USERNAME", "me"));
    assertEquals(
        List.of("KAFKA_SASL_PASSWORD"), complaints("KAFKA_SASL_MECHANISM", "plain", "KAFKA_SASL_USERNAME", "me"));
    assertEquals(List.of("KAFKA_TLS_KEY_FILE"), complaints("KAFKA_TLS", "true", "KAFKA_TLS_CERT_FILE", file("c", "c")));
    assertEquals(List.of("KAFKA_TLS_SERVERNAME"), complaints("KAFKA_TLS_SERVERNAME", "kafka"));
    assertEquals(
        List.of("KAFKA_TLS_KEY_FILE"),
        complaints(
            "KAFKA_TLS", "true",
            "KAFKA_TLS_CERT_FILE", file("c", "c"),
            "KAFKA_TLS_KEY_FILE", file("k", "-----BEGIN RSA PRIVATE KEY-----")));
  }

  @Test
  void aPasswordMayHoldAnything() throws SettingsException {
    Settings settings =
        read("KAFKA_SASL_MECHANISM", "scram-sha-512", "KAFKA_SASL_USERNAME", "me", "KAFKA_SASL_PASSWORD", "a\"b\\c;");
    assertEquals("SASL_PLAINTEXT", text(settings, "security.protocol"));
    assertEquals("SCRAM-SHA-512", text(settings, "sasl.mechanism"));
    assertTrue(text(settings, "sasl.jaas.config").endsWith(" username=\"me\" password=\"a\\\"b\\\\c;\";"));
  }

  @Test
  void theClientTakesWhatTheSettingsSayOfTls() throws Exception {
    Settings settings = read("KAFKA_TLS", "true", "KAFKA_TLS_SERVERNAME", "kafka.example.com");
    assertEquals("SSL", text(settings, "security.protocol"));
    Map<String, Object> config = new HashMap<>(settings.kafka());
    config.put("bootstrap.servers", "localhost:1");
    try (Admin client = Admin.create(config)) {
      assertFalse(client.metrics().isEmpty());
    }
  }

  @Test
  void theClientReadsATokenFromItsFile() throws Exception {
    String part = Base64.getUrlEncoder().withoutPadding().encodeToString("{\"alg\":\"none\"}".getBytes());
    String claims = "{\"sub\":\"me\",\"iat\":1,\"exp\":4102444800}";
    String body = Base64.getUrlEncoder().withoutPadding().encodeToString(claims.getBytes());
    Settings settings =
        read(
            "KAFKA_SASL_MECHANISM", "oauthbearer",
            "KAFKA_SASL_TOKEN_FILE", file("token", part + "." + body + ".c2lnbmF0dXJl"));
    Map<String, Object> config = new HashMap<>(settings.kafka());
    config.put("bootstrap.servers", "localhost:1");
    KafkaConnection.allowTokenSource(config);
    // It logs in, with the token, when it is made.
    try (Admin client = Admin.create(config)) {
      assertFalse(client.metrics().isEmpty());
    }
    Files.writeString(folder.resolve("token"), "no token");
    assertThrows(Exception.class, () -> Admin.create(config).close());
  }
}
