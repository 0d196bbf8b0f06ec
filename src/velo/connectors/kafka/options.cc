#include "velo/connectors/kafka/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "velo/base/glob.h"
#include "velo/columnar/change_columns.h"
#include "velo/columnar/schema_text.h"

namespace velo::kafka {
namespace {

using std::chrono::milliseconds;

constexpr uint16_t kPort = 9092;
constexpr size_t kMaxTopicSize = 249;
// What brokers allow unless told otherwise (transaction.max.timeout.ms).
constexpr milliseconds kMaxTransactionTimeout{15 * 60 * 1000};
constexpr milliseconds kMinTransactionTimeout{1000};

Status fail(ErrorKind kind, const std::string& shown, std::string message) {
  return make_error(kind, {.connector = "kafka", .resource = shown}, std::move(message));
}

Status invalid(const std::string& shown, std::string message) {
  return fail(ErrorKind::kInvalidArgument, shown, std::move(message));
}

bool is_topic_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         c == '.' || c == '_' || c == '-';
}

Status check_topic(const std::string& shown, const std::string& topic) {
  if (topic.empty()) {
    return invalid(shown, "which topic? It is the path: kafka://localhost:9092/events");
  }
  if (topic.size() <= kMaxTopicSize && topic != "." && topic != ".." &&
      std::ranges::all_of(topic, is_topic_character)) {
    return Status::OK();
  }
  return invalid(shown,
                 fmt::format("'{}' cannot be a topic: letters, digits, '.', '_' and "
                             "'-' may stand in one, {} at most",
                             topic, kMaxTopicSize));
}

std::string path_of(const Uri& uri) {
  std::string path = literal_path(uri.path);
  if (path.starts_with('/')) path.erase(0, 1);
  return path;
}

// Of the one that is read or written.
Status check_one_topic(const std::string& shown, const std::string& topic) {
  const auto num_commas = std::ranges::count(topic, ',');
  if (num_commas == 0) return check_topic(shown, topic);
  return invalid(shown,
                 fmt::format("these are {} topics, each a stream of its own, and here "
                             "one is needed; velo copy and INSERT INTO move them all, "
                             "into a sink with {{topic}} in its address",
                             num_commas + 1));
}

std::string brokers_of(const Uri& uri) {
  std::string brokers;
  for (const Uri::Host& host : uri.hosts) {
    const bool is_ipv6 = host.name.find(':') != std::string::npos;
    brokers += fmt::format("{}{}{}{}:{}", brokers.empty() ? "" : ",", is_ipv6 ? "[" : "",
                           host.name, is_ipv6 ? "]" : "", host.port.value_or(kPort));
  }
  return brokers;
}

Status check_what_works(const Uri& uri, const OptionValues& values,
                        const std::string& shown) {
  if (uri.user || uri.password) {
    return fail(ErrorKind::kNotImplemented, shown,
                "a user and a password (SASL) do not work yet; brokers that ask for "
                "none do");
  }
  for (const auto& [option, works] :
       {std::pair("format", "json"), std::pair("security_protocol", "PLAINTEXT")}) {
    if (values.text(option) == works) continue;
    return fail(ErrorKind::kNotImplemented, shown,
                fmt::format("{}={} does not work yet; {}={} does", option,
                            values.text(option), option, works));
  }
  return Status::OK();
}

Result<FirstOffset> first_offset_of(const OptionValues& values,
                                    const std::string& shown) {
  const std::string text = values.text("offset");
  if (text == "earliest") return FirstOffset::kEarliest;
  if (text == "latest") return FirstOffset::kLatest;
  return fail(ErrorKind::kNotImplemented, shown,
              fmt::format("offset={} does not work yet; earliest and latest do", text));
}

// What of the options changes what is read.
std::string identity_of_options(const KafkaOptions& options) {
  std::string text;
  const auto add = [&](const char* option) {
    text += fmt::format("{}{}", text.empty() ? "?" : "&", option);
  };
  if (options.first_offset == FirstOffset::kLatest) add("offset=latest");
  if (options.envelope == formats::Envelope::kDebezium) add("envelope=debezium");
  return text;
}

}  // namespace

std::vector<OptionDescriptor> KafkaOptions::descriptors() {
  OptionDescriptor max_record_bytes = formats::max_record_bytes_option();
  max_record_bytes.doc = "The largest message that is read, or written; 64KiB to 1GiB.";
  return {
      {.name = "group_id",
       .doc =
           "Consumer group whose offsets follow what the sink has committed, for tools "
           "that show its lag.",
       .use = OptionUse::kSource},
      {.name = "offset",
       .default_value = "earliest",
       .doc = "Where to begin in a partition that was not read before: earliest, latest.",
       .use = OptionUse::kSource},
      {.name = "format",
       .type = OptionType::kChoice,
       .default_value = "json",
       .doc = "What a message holds; avro and protobuf do not work yet.",
       .choices = {"json", "avro", "protobuf"}},
      {.name = "schema",
       .doc = "Columns and types, instead of inferring them from the first messages: id "
              "int64, price decimal(12,2).",
       .use = OptionUse::kSource},
      formats::envelope_option(),
      max_record_bytes,
      {.name = "key",
       .type = OptionType::kList,
       .doc =
           "Columns that make the message's key, a JSON object; messages of one key go "
           "to one partition, in order.",
       .use = OptionUse::kSink},
      {.name = "tombstones",
       .type = OptionType::kBool,
       .default_value = "false",
       .doc = "With key: have a message without payload follow each deletion (_op d), by "
              "which a compacted topic forgets the key.",
       .use = OptionUse::kSink},
      {.name = "batch_size",
       .type = OptionType::kInt,
       .unit = "rows",
       .default_value = "32768",
       .doc = "Most rows in one batch.",
       .use = OptionUse::kSource},
      {.name = "partitions",
       .type = OptionType::kInt,
       .default_value = "1",
       .doc = "Partitions of a topic that is not there and is made.",
       .use = OptionUse::kSink},
      {.name = "transaction_timeout",
       .type = OptionType::kDuration,
       .default_value = "60s",
       .doc = "How long a transaction may stay open; after a crash its readers wait as "
              "long, or until the next run.",
       .use = OptionUse::kSink},
      {.name = "security_protocol",
       .type = OptionType::kChoice,
       .default_value = "PLAINTEXT",
       .doc = "How to speak to the brokers; all but PLAINTEXT do not work yet.",
       .choices = {"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}},
      {.name = "schema_registry",
       .doc = "URL of the registry that has the schemas of avro and protobuf.",
       .not_yet = true},
  };
}

Result<std::vector<std::string>> topics_of(const Uri& uri) {
  Uri place = uri;
  place.options.clear();
  const std::string shown = redact_uri(place);
  const std::string path = path_of(uri);
  std::vector<std::string> topics;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find(',', begin), path.size());
    const std::string topic = path.substr(begin, end - begin);
    ARROW_RETURN_NOT_OK(check_topic(shown, topic));
    if (std::ranges::find(topics, topic) == topics.end()) topics.push_back(topic);
    begin = end + 1;
  }
  return topics;
}

Result<KafkaOptions> KafkaOptions::from_uri(const Uri& uri, OptionUse use) {
  KafkaOptions options;
  Uri place = uri;
  place.options.clear();
  options.shown = redact_uri(place);
  ARROW_ASSIGN_OR_RAISE(const auto values, OptionValues::parse(uri, descriptors(), use));
  ARROW_RETURN_NOT_OK(check_what_works(uri, values, options.shown));
  options.topic = path_of(uri);
  ARROW_RETURN_NOT_OK(check_one_topic(options.shown, options.topic));
  options.brokers = brokers_of(uri);
  options.identity = options.shown;
  options.envelope = formats::envelope_of(values);
  const auto max_record_bytes = formats::max_record_bytes_of(values);
  if (!max_record_bytes.ok()) {
    return invalid(options.shown, max_record_bytes.status().message());
  }
  options.max_record_bytes = *max_record_bytes;
  if (use == OptionUse::kSource) {
    options.group_id = values.text("group_id");
    ARROW_ASSIGN_OR_RAISE(options.first_offset, first_offset_of(values, options.shown));
    options.identity += identity_of_options(options);
    if (values.has("schema")) {
      ARROW_ASSIGN_OR_RAISE(options.schema, parse_schema(values.text("schema")));
      if (options.envelope != formats::Envelope::kNone) {
        options.schema = arrow::schema(with_change_columns(options.schema->fields()));
      }
    }
    options.batch_rows = values.integer("batch_size").value_or(0);
    if (options.batch_rows < 1) return invalid(options.shown, "batch_size: at least 1");
    return options;
  }
  options.key = values.list("key");
  options.tombstones = values.boolean("tombstones");
  if (options.tombstones && options.key.empty()) {
    return invalid(options.shown,
                   "tombstones=true takes away what has the key of a deleted row: "
                   "key=COLUMN,… says which columns are the key");
  }
  const int64_t num_partitions = values.integer("partitions").value_or(0);
  if (num_partitions < 1 || num_partitions > std::numeric_limits<int32_t>::max()) {
    return invalid(options.shown, "partitions: at least 1");
  }
  options.num_partitions = static_cast<int32_t>(num_partitions);
  options.transaction_timeout = values.duration("transaction_timeout").value();
  if (options.transaction_timeout < kMinTransactionTimeout ||
      options.transaction_timeout > kMaxTransactionTimeout) {
    return invalid(options.shown, "transaction_timeout: from 1s to 15min");
  }
  return options;
}

}  // namespace velo::kafka
