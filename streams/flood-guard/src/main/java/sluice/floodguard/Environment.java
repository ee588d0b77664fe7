package sluice.floodguard;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads variables, and gathers everything that is wrong with them, so that it is told at once. Empty counts as absent. */
final class Environment {
  /** The environment does not configure this process. The message has every problem, and no value. */
  static final class SettingsException extends Exception {
    private static final long serialVersionUID = 1;

    SettingsException(List<String> problems) {
      super("The configuration is not valid:\n  " + String.join("\n  ", problems));
    }
  }

  private final Map<String, String> variables;
  private final List<String> problems = new ArrayList<>();

  Environment(Map<String, String> variables) {
    this.variables = variables;
  }

  Optional<String> text(String name) {
    return Optional.ofNullable(variables.get(name)).filter(value -> !value.isEmpty());
  }

  String required(String name, String why) {
    Optional<String> value = text(name);
    if (value.isEmpty()) problem(name, "is required" + why + ".");
    return value.orElse("");
  }

  List<String> list(String name) {
    return text(name).stream()
        .flatMap(value -> Arrays.stream(value.split(",")))
        .map(String::trim)
        .filter(item -> !item.isEmpty())
        .toList();
  }

  String oneOf(String name, List<String> allowed, String otherwise) {
    String value = text(name).orElse(otherwise);
    if (value == null || allowed.contains(value)) return value;
    problem(name, "must be one of " + String.join(", ", allowed) + ".");
    return otherwise;
  }

  /** A whole number within bounds; {@code otherwise} when it is absent, or wrong. */
  long integer(String name, long min, long max, long otherwise) {
    Optional<String> value = text(name);
    if (value.isEmpty()) return otherwise;
    if (value.get().matches("\\d{1,18}")) {
      long number = Long.parseLong(value.get());
      if (number >= min && number <= max) return number;
    }
    problem(name, "must be a whole number from " + min + " to " + max + ".");
    return otherwise;
  }

  /** A number, possibly with a fraction, within bounds. */
  double number(String name, double min, double max, double otherwise) {
    Optional<String> value = text(name);
    if (value.isEmpty()) return otherwise;
    if (value.get().matches("\\d{1,9}(\\.\\d{1,9})?")) {
      double number = Double.parseDouble(value.get());
      if (number >= min && number <= max) return number;
    }
    problem(name, "must be a number from " + min + " to " + max + ".");
    return otherwise;
  }

  void problem(String name, String what) {
    problems.add(name + ": " + what);
  }

  void throwProblems() throws SettingsException {
    if (!problems.isEmpty()) throw new SettingsException(problems);
  }
}
