package sluice.floodguard;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.StreamHandler;

/**
 * JSON lines with {@code time}, {@code level}, {@code service} and {@code msg}, as every process of Sluice writes them. What
 * Kafka's client logs goes the same way, from {@code warn} on unless {@code LOG_LEVEL} is lower than {@code info}.
 */
final class Log {
  private static final Logger OWN = Logger.getLogger("sluice");
  private static final Map<String, Level> LEVELS =
      Map.of(
          "trace", Level.FINEST,
          "debug", Level.FINE,
          "info", Level.INFO,
          "warn", Level.WARNING,
          "error", Level.SEVERE,
          "fatal", Level.SEVERE,
          "silent", Level.OFF);

  private Log() {}

  static void setUp(String level) {
    Level lowest = LEVELS.get(level);
    Logger root = Logger.getLogger("");
    for (Handler handler : root.getHandlers()) root.removeHandler(handler);
    Handler lines =
        new StreamHandler(System.out, new Lines()) {
          @Override
          public synchronized void publish(LogRecord record) {
            super.publish(record);
            flush();
          }
        };
    lines.setLevel(Level.ALL);
    root.addHandler(lines);
    root.setLevel(lowest.intValue() < Level.INFO.intValue() || lowest == Level.OFF ? lowest : Level.WARNING);
    if (lowest == Level.SEVERE) root.setLevel(lowest);
    OWN.setLevel(lowest);
  }

  static void info(String message, Map<String, ?> fields) {
    write(Level.INFO, message, fields, null);
  }

  static void warn(String message, Map<String, ?> fields) {
    write(Level.WARNING, message, fields, null);
  }

  static void error(String message, Throwable error) {
    write(Level.SEVERE, message, Map.of(), error);
  }

  private static void write(Level level, String message, Map<String, ?> fields, Throwable error) {
    LogRecord record = new LogRecord(level, message);
    record.setLoggerName(OWN.getName());
    record.setParameters(new Object[] {fields});
    record.setThrown(error);
    OWN.log(record);
  }

  private static final class Lines extends Formatter {
    @Override
    public String format(LogRecord record) {
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("level", nameOf(record.getLevel()));
      line.put("time", Instant.ofEpochMilli(record.getMillis()).toString());
      line.put("service", Settings.NAME);
      Object[] parameters = record.getParameters();
      boolean hasFields = parameters != null && parameters.length == 1 && parameters[0] instanceof Map;
      if (hasFields) ((Map<?, ?>) parameters[0]).forEach((name, value) -> line.put((String) name, value));
      if (!OWN.getName().equals(record.getLoggerName())) line.put("logger", record.getLoggerName());
      if (record.getThrown() != null) line.put("err", describe(record.getThrown()));
      line.put("msg", hasFields ? record.getMessage() : formatMessage(record));
      return Json.text(line) + "\n";
    }

    private static String nameOf(Level level) {
      if (level.intValue() >= Level.SEVERE.intValue()) return "error";
      if (level.intValue() >= Level.WARNING.intValue()) return "warn";
      if (level.intValue() >= Level.INFO.intValue()) return "info";
      return level.intValue() >= Level.FINE.intValue() ? "debug" : "trace";
    }

    private static Map<String, String> describe(Throwable error) {
      java.io.StringWriter stack = new java.io.StringWriter();
      error.printStackTrace(new java.io.PrintWriter(stack));
      return Map.of(
          "type", error.getClass().getSimpleName(),
          "message", String.valueOf(error.getMessage()),
          "stack", stack.toString());
    }
  }
}
