package sluice.floodguard;

import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.LogAndContinueExceptionHandler;

/** Kafka Streams' own handler, which writes what cannot be read to the dead-letter topic; and it is counted. */
public final class CountDeadLetters extends LogAndContinueExceptionHandler {
  static final String METRICS = "sluice.flood-guard.metrics";

  private GuardMetrics metrics;

  @Override
  public Response handleError(ErrorHandlerContext context, ConsumerRecord<byte[], byte[]> record, Exception error) {
    metrics.deadLetters.increment();
    return super.handleError(context, record, error);
  }

  @Override
  public void configure(Map<String, ?> configs) {
    super.configure(configs);
    metrics = (GuardMetrics) configs.get(METRICS);
  }
}
