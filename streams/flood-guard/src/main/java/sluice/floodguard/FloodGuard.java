package sluice.floodguard;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.StreamsMetadata;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.state.HostInfo;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import sluice.floodguard.Environment.SettingsException;

/**
 * The process: settings → admin server → topology → shutdown.
 *
 * <p>Exit codes: 0 after SIGTERM or SIGINT, or when standard input ends and {@code --stop-with-stdin} was given; 1 after a
 * crash, or when the grace period was not enough; 2 when the environment does not configure it.
 */
public final class FloodGuard implements AdminServer.Guard {
  static final String DECISIONS_TOPIC = "control.decisions";
  static final String DEAD_LETTER_TOPIC = "streams.flood-guard.dlq";

  private static final int EXIT_CRASH = 1;
  private static final int EXIT_SETTINGS = 2;

  private final Settings settings;
  private final GuardMetrics metrics = new GuardMetrics();
  private final AtomicInteger exitCode = new AtomicInteger();
  private final CountDownLatch stopRequested = new CountDownLatch(1);
  private volatile String startingDetail = "The process is starting.";
  private volatile KafkaStreams streams;
  private AdminServer admin;

  private FloodGuard(Settings settings) {
    this.settings = settings;
  }

  public static void main(String[] args) {
    Settings settings;
    try {
      settings = Settings.read(System.getenv());
    } catch (SettingsException error) {
      System.err.println(Settings.NAME + ": " + error.getMessage());
      System.exit(EXIT_SETTINGS);
      return;
    }
    Log.setUp(settings.logLevel());
    FloodGuard guard = new FloodGuard(settings);
    // A signal runs this beside main; its exit code is ours to say, and no JVM's 143.
    Runtime.getRuntime().addShutdownHook(new Thread(guard::shutDown, "shutdown"));
    if (List.of(args).contains("--stop-with-stdin")) guard.stopWithStandardInput();
    try {
      guard.run();
    } catch (InterruptedException | IOException | RuntimeException error) {
      guard.crash(error);
    }
    System.exit(guard.exitCode.get());
  }

  private void run() throws IOException, InterruptedException {
    admin = AdminServer.start(settings.adminHost(), settings.adminPort(), this);
    KafkaConnection.allowTokenSource(settings.kafka());
    requireTopics();
    KafkaStreams starting =
        new KafkaStreams(
            FloodTopology.build(
                settings.topics(), DECISIONS_TOPIC, settings.limits(), settings.maxSources(), metrics),
            new StreamsConfig(streamsConfig()));
    starting.setUncaughtExceptionHandler(
        error -> {
          crash(error);
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    starting.setStateListener(
        (now, before) -> {
          if (now == KafkaStreams.State.RUNNING) {
            Log.info("events are counted", Map.of("admin", "http://" + settings.adminHost() + ":" + admin.port()));
          }
        });
    streams = starting;
    starting.start();
    stopRequested.await();
  }

  /** Waits for a Kafka that does not answer, and refuses one without the topics: nothing of it would be kept. */
  private void requireTopics() throws InterruptedException {
    Map<String, Object> config = new HashMap<>(settings.kafka());
    config.put(AdminClientConfig.CLIENT_ID_CONFIG, settings.clientId() + "-check");
    config.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, config.get(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG));
    try (Admin client = Admin.create(config)) {
      while (stopRequested.getCount() > 0) {
        try {
          client.describeTopics(Set.of(DECISIONS_TOPIC, DEAD_LETTER_TOPIC)).allTopicNames().get();
          return;
        } catch (ExecutionException error) {
          if (error.getCause() instanceof UnknownTopicOrPartitionException) {
            throw new KafkaException(
                "Kafka lacks " + DECISIONS_TOPIC + " or " + DEAD_LETTER_TOPIC + ". Create them: npm run topics", error);
          }
          if (!(error.getCause() instanceof TimeoutException)) throw new KafkaException(error.getCause());
          startingDetail = "Kafka does not answer.";
          Log.warn("Kafka does not answer; trying again", Map.of("detail", error.getCause().getMessage()));
        }
      }
    }
  }

  private Map<String, Object> streamsConfig() throws IOException {
    Map<String, Object> config = new HashMap<>(settings.kafka());
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, settings.applicationId());
    config.put(StreamsConfig.CLIENT_ID_CONFIG, settings.clientId());
    config.put(StreamsConfig.STATE_DIR_CONFIG, settings.stateDir().toString());
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, settings.threads());
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    // A decision is on its way half a second after it was made at the latest. The default, a tenth, is five times the
    // transactions.
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 500);
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 8 * 1024 * 1024L);
    // Counts need no order among partitions, so none waits for another.
    config.put(StreamsConfig.MAX_TASK_IDLE_MS_CONFIG, StreamsConfig.MAX_TASK_IDLE_MS_DISABLED);
    config.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 500);
    config.put(StreamsConfig.APPLICATION_SERVER_CONFIG, advertised());
    config.put(StreamsConfig.ENSURE_EXPLICIT_INTERNAL_RESOURCE_NAMING_CONFIG, true);
    config.put(StreamsConfig.ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG, DEAD_LETTER_TOPIC);
    config.put(StreamsConfig.DESERIALIZATION_EXCEPTION_HANDLER_CLASS_CONFIG, CountDeadLetters.class);
    config.put(CountDeadLetters.METRICS, metrics);
    // After a kill the group waits this long for who is gone; the default is 45 s.
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), 6000);
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG), 2000);
    // The topics of a new type are found within this time.
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.METADATA_MAX_AGE_CONFIG), 10_000);
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MAX_BYTES_CONFIG), 8 * 1024 * 1024);
    return config;
  }

  /** Where other instances find this one. */
  private String advertised() throws IOException {
    String host = settings.advertisedHost();
    boolean isAnywhere = host.equals("0.0.0.0") || host.equals("::");
    return (isAnywhere ? InetAddress.getLocalHost().getHostName() : host) + ":" + admin.port();
  }

  private void crash(Throwable error) {
    exitCode.set(EXIT_CRASH);
    Log.error("the process cannot go on", error);
    stopRequested.countDown();
  }

  private void stopWithStandardInput() {
    Thread watch =
        new Thread(
            () -> {
              try {
                while (System.in.read() != -1) continue;
              } catch (IOException error) {
                Log.warn("standard input cannot be read", Map.of("detail", String.valueOf(error.getMessage())));
              }
              stopRequested.countDown();
            },
            "standard-input");
    watch.setDaemon(true);
    watch.start();
  }

  private void shutDown() {
    stopRequested.countDown();
    Log.info("stopping", Map.of());
    KafkaStreams running = streams;
    if (running != null) {
      // Who leaves the group is not waited for.
      CloseOptions options =
          CloseOptions.timeout(Duration.ofMillis(settings.shutdownGraceMs()))
              .withGroupMembershipOperation(GroupMembershipOperation.LEAVE_GROUP);
      if (!running.close(options)) {
        exitCode.set(EXIT_CRASH);
        Log.warn("the grace period was not enough; what was not committed is counted again by the next one", Map.of());
      }
    }
    if (admin != null) admin.close();
    Log.info("stopped", Map.of("exitCode", exitCode.get()));
    Runtime.getRuntime().halt(exitCode.get());
  }

  @Override
  public String whyNotReady() {
    KafkaStreams running = streams;
    if (running == null) return startingDetail;
    return running.state() == KafkaStreams.State.RUNNING ? null : "Kafka Streams is " + running.state() + ".";
  }

  @Override
  public String metrics() {
    KafkaStreams running = streams;
    double lag = 0;
    if (running != null) {
      for (Metric metric : running.metrics().values()) {
        if (!metric.metricName().name().equals("records-lag")) continue;
        if (metric.metricValue() instanceof Double records && !records.isNaN()) lag = Math.max(lag, records);
      }
    }
    return metrics.text(whyNotReady() == null, lag);
  }

  @Override
  public AdminServer.Answer topTalkers(int limit) {
    KafkaStreams running = streams;
    if (running == null) return notNow(startingDetail);
    try {
      HostInfo here = HostInfo.buildFromEndpoint(advertised());
      Collection<StreamsMetadata> holders = running.streamsMetadataForStore(JudgeSources.STORE);
      for (StreamsMetadata holder : holders) {
        if (!holder.stateStoreNames().contains(JudgeSources.STORE) || holder.hostInfo().equals(here)) continue;
        return AdminServer.Answer.elsewhere(
            "http://" + holder.host() + ":" + holder.port() + "/v1/top-talkers?limit=" + limit);
      }
      return AdminServer.Answer.json(
          200,
          TopTalkers.read(
              running.store(
                  StoreQueryParameters.fromNameAndType(JudgeSources.STORE, QueryableStoreTypes.keyValueStore())),
              settings.limits(),
              limit,
              System.currentTimeMillis()));
    } catch (InvalidStateStoreException | IllegalStateException | IOException error) {
      return notNow("The sources cannot be read now: " + error.getMessage());
    }
  }

  private static AdminServer.Answer notNow(String detail) {
    return AdminServer.Answer.json(503, Map.of("error", "not-now", "detail", detail));
  }
}
