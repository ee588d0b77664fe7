package sluice.floodguard;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;
import sluice.floodguard.Environment.SettingsException;

/** What the environment says, read once. {@code docs/streams.md} has the table. */
record Settings(
    Map<String, Object> kafka,
    String clientId,
    String applicationId,
    Path stateDir,
    int threads,
    Pattern topics,
    Limits limits,
    int maxSources,
    String adminHost,
    int adminPort,
    String advertisedHost,
    String logLevel,
    long shutdownGraceMs) {

  static final String NAME = "flood-guard";

  private static final String TYPE = "[a-z][a-z0-9]*(-[a-z0-9]+)*";
  private static final List<String> LOG_LEVELS =
      List.of("trace", "debug", "info", "warn", "error", "fatal", "silent");

  static Settings read(Map<String, String> variables) throws SettingsException {
    Environment env = new Environment(variables);
    String applicationId = env.text("FLOOD_APPLICATION_ID").orElse(NAME);
    if (!applicationId.matches("[a-zA-Z0-9._-]{1,100}")) {
      env.problem("FLOOD_APPLICATION_ID", "must be letters, digits, dots, underscores and hyphens.");
    }
    String adminHost = env.text("ADMIN_HOST").orElse("127.0.0.1");
    Settings settings =
        new Settings(
            KafkaConnection.read(env),
            env.text("KAFKA_CLIENT_ID").orElse(NAME),
            applicationId,
            Path.of(env.text("FLOOD_STATE_DIR").orElse(System.getProperty("java.io.tmpdir") + "/" + NAME)),
            (int) env.integer("FLOOD_THREADS", 1, 64, 1),
            readTopics(env),
            readLimits(env),
            (int) env.integer("FLOOD_MAX_SOURCES", 1, 1_000_000, 10_000),
            adminHost,
            (int) env.integer("ADMIN_PORT", 0, 65_535, 9080),
            env.text("FLOOD_ADVERTISED_HOST").orElse(adminHost),
            env.oneOf("LOG_LEVEL", LOG_LEVELS, "info"),
            env.integer("SHUTDOWN_GRACE_MS", 100, 3_600_000, 10_000));
    env.throwProblems();
    return settings;
  }

  /** The lanes: no retries, dead letters, outcomes or rejected events. Of all types by default, also of new ones. */
  private static Pattern readTopics(Environment env) {
    List<String> types = env.list("FLOOD_TYPES");
    for (String type : types) {
      if (!type.matches(TYPE)) env.problem("FLOOD_TYPES", "has \"" + type + "\", which is no event type.");
    }
    String wanted = types.isEmpty() ? TYPE : String.join("|", types);
    return Pattern.compile("events\\.(" + wanted + ")\\.(high|normal|low)");
  }

  private static Limits readLimits(Environment env) {
    long holdSeconds = env.integer("FLOOD_HOLD_SECONDS", 1, 86_400, 30);
    long maxHoldSeconds = env.integer("FLOOD_MAX_HOLD_SECONDS", 1, 604_800, Math.max(300, holdSeconds));
    if (maxHoldSeconds < holdSeconds) {
      env.problem("FLOOD_MAX_HOLD_SECONDS", "must not be less than FLOOD_HOLD_SECONDS.");
    }
    boolean hasMaxRate = env.text("FLOOD_MAX_RATE").isPresent();
    long maxRate = env.integer("FLOOD_MAX_RATE", 1, 1_000_000_000, 1);
    return new Limits(
        (int) env.integer("FLOOD_WINDOW_SECONDS", 1, 3600, 10),
        (int) env.integer("FLOOD_LATE_SECONDS", 1, 3600, 20),
        env.integer("FLOOD_MIN_RATE", 1, 1_000_000_000, 500),
        env.number("FLOOD_RATIO", 1, 1_000_000, 5),
        hasMaxRate ? OptionalLong.of(maxRate) : OptionalLong.empty(),
        (int) env.integer("FLOOD_LOWER_PERCENT", 1, 100, 70),
        holdSeconds * 1000,
        maxHoldSeconds * 1000,
        env.integer("FLOOD_CALM_SECONDS", 1, 86_400, 60) * 1000,
        Set.copyOf(env.list("FLOOD_EXEMPT")));
  }
}
