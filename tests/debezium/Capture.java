// Runs Debezium's PostgreSQL connector and writes each change it makes, key and value as JSON with a tab between, as a
// line of a file, until a file of that name with .stop appears. capture.py calls it.

import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.format.Json;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

public class Capture {
    // FILE PROPERTY=VALUE …
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        for (int i = 1; i < arguments.length; i++) {
            String[] parts = arguments[i].split("=", 2);
            properties.setProperty(parts[0], parts[1]);
        }
        try (PrintWriter out = new PrintWriter(arguments[0], StandardCharsets.UTF_8)) {
            DebeziumEngine<ChangeEvent<String, String>> engine = DebeziumEngine.create(Json.class)
                .using(properties)
                .using((success, message, error) -> System.err.println(message))
                .notifying(event -> {
                    out.println(event.key() + "\t" + event.value());
                    out.flush();
                })
                .build();
            var executor = Executors.newSingleThreadExecutor();
            executor.execute(engine);
            while (!Files.exists(Path.of(arguments[0] + ".stop"))) {
                Thread.sleep(200);
            }
            engine.close();
            executor.shutdown();
            executor.awaitTermination(20, TimeUnit.SECONDS);
        }
    }
}
