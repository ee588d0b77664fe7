package sluice.floodguard;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;

/**
 * Reads a record in either form that events are stored in: the whole event as JSON; or, behind the frame of a schema
 * registry, its data alone, with its attributes as headers. {@code packages/events} says the same of both.
 *
 * <p>JSON is read as a stream, and {@code data} is skipped: nothing of it is kept. A record that holds no event throws a
 * SerializationException, which makes it a dead letter.
 */
final class SourceEventDeserializer implements Deserializer<SourceEvent> {
  private static final JsonFactory JSON = new JsonFactory();
  private static final byte FRAME = 0;
  private static final String ATTRIBUTE_PREFIX = "ce_";
  private static final String REDELIVERY_PREFIX = "sluice-";

  @Override
  public SourceEvent deserialize(String topic, byte[] value) {
    throw new UnsupportedOperationException("An event is read with its headers.");
  }

  @Override
  public SourceEvent deserialize(String topic, Headers headers, byte[] value) {
    if (value == null || value.length == 0) throw new SerializationException("The record has no value.");
    Attributes read = value[0] == FRAME ? readHeaders(headers) : readJson(value);
    SourceKey key =
        new SourceKey(require("tenant", read.tenant), require("source", read.source), require("type", read.type));
    return new SourceEvent(key, toMillis(require("receivedat", read.receivedAt)), originOf(read, headers));
  }

  private static final class Attributes {
    String tenant;
    String source;
    String type;
    String receivedAt;
    boolean hasCause;

    void set(String name, String value) {
      switch (name) {
        case "tenant" -> tenant = value;
        case "source" -> source = value;
        case "type" -> type = value;
        case "receivedat" -> receivedAt = value;
        case "causationid" -> hasCause = value != null;
        default -> {}
      }
    }
  }

  private static Attributes readHeaders(Headers headers) {
    Attributes attributes = new Attributes();
    for (Header header : headers) {
      if (!header.key().startsWith(ATTRIBUTE_PREFIX) || header.value() == null) continue;
      String name = header.key().substring(ATTRIBUTE_PREFIX.length());
      attributes.set(name, new String(header.value(), StandardCharsets.UTF_8));
    }
    return attributes;
  }

  private static Attributes readJson(byte[] value) {
    Attributes attributes = new Attributes();
    try (JsonParser parser = JSON.createParser(value)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new SerializationException("The value is not a JSON object.");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        if (parser.nextToken() == JsonToken.VALUE_STRING) attributes.set(name, parser.getText());
        else parser.skipChildren();
      }
      return attributes;
    } catch (IOException error) {
      // Its own message may quote what is between the braces.
      throw new SerializationException("The value is not JSON.");
    }
  }

  private static SourceEvent.Origin originOf(Attributes attributes, Headers headers) {
    for (Header header : headers) {
      if (header.key().startsWith(REDELIVERY_PREFIX)) return SourceEvent.Origin.REPEATED;
    }
    return attributes.hasCause ? SourceEvent.Origin.DERIVED : SourceEvent.Origin.POSTED;
  }

  private static String require(String name, String value) {
    if (value == null || value.isEmpty()) {
      throw new SerializationException("The attribute \"" + name + "\" is missing or not a string.");
    }
    return value;
  }

  private static long toMillis(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException error) {
      throw new SerializationException("The attribute \"receivedat\" is not a number of milliseconds.");
    }
  }
}
