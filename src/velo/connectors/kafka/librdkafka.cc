#include "velo/connectors/kafka/librdkafka.h"

#include "velo/base/function_loader.h"

namespace velo::kafka {
namespace {

constexpr SystemLibrary kLibrary{.file_name = "librdkafka.so.1",
                                 .connector = "kafka",
                                 .what = "Kafka's client library",
                                 .package = "librdkafka1",
                                 .oldest = "librdkafka 2.0.2"};

void load_functions(FunctionLoader& loader, Librdkafka& library) {
  loader.load("rd_kafka_conf_new", library.conf_new);
  loader.load("rd_kafka_conf_destroy", library.conf_destroy);
  loader.load("rd_kafka_conf_set", library.conf_set);
  loader.load("rd_kafka_conf_set_opaque", library.conf_set_opaque);
  loader.load("rd_kafka_conf_set_log_cb", library.conf_set_log_cb);
  loader.load("rd_kafka_conf_set_error_cb", library.conf_set_error_cb);
  loader.load("rd_kafka_conf_set_dr_msg_cb", library.conf_set_dr_msg_cb);
  loader.load("rd_kafka_new", library.make);
  loader.load("rd_kafka_destroy", library.destroy);
  loader.load("rd_kafka_destroy_flags", library.destroy_flags);
  loader.load("rd_kafka_poll", library.poll);
  loader.load("rd_kafka_poll_set_consumer", library.poll_set_consumer);
  loader.load("rd_kafka_err2str", library.err2str);
  loader.load("rd_kafka_err2name", library.err2name);
  loader.load("rd_kafka_last_error", library.last_error);
  loader.load("rd_kafka_fatal_error", library.fatal_error);
  loader.load("rd_kafka_error_code", library.error_code);
  loader.load("rd_kafka_error_string", library.error_string);
  loader.load("rd_kafka_error_is_retriable", library.error_is_retriable);
  loader.load("rd_kafka_error_txn_requires_abort", library.error_txn_requires_abort);
  loader.load("rd_kafka_error_destroy", library.error_destroy);
  loader.load("rd_kafka_metadata", library.metadata);
  loader.load("rd_kafka_metadata_destroy", library.metadata_destroy);
  loader.load("rd_kafka_offsets_for_times", library.offsets_for_times);
  loader.load("rd_kafka_topic_partition_list_new", library.topic_partition_list_new);
  loader.load("rd_kafka_topic_partition_list_add", library.topic_partition_list_add);
  loader.load("rd_kafka_topic_partition_list_destroy",
              library.topic_partition_list_destroy);
  loader.load("rd_kafka_incremental_assign", library.incremental_assign);
  loader.load("rd_kafka_consumer_poll", library.consumer_poll);
  loader.load("rd_kafka_message_destroy", library.message_destroy);
  loader.load("rd_kafka_message_timestamp", library.message_timestamp);
  loader.load("rd_kafka_get_watermark_offsets", library.get_watermark_offsets);
  loader.load("rd_kafka_commit", library.commit);
  loader.load("rd_kafka_topic_new", library.topic_new);
  loader.load("rd_kafka_topic_destroy", library.topic_destroy);
  loader.load("rd_kafka_topic_name", library.topic_name);
  loader.load("rd_kafka_produce", library.produce);
  loader.load("rd_kafka_flush", library.flush);
  loader.load("rd_kafka_outq_len", library.outq_len);
  loader.load("rd_kafka_init_transactions", library.init_transactions);
  loader.load("rd_kafka_begin_transaction", library.begin_transaction);
  loader.load("rd_kafka_commit_transaction", library.commit_transaction);
  loader.load("rd_kafka_abort_transaction", library.abort_transaction);
  loader.load("rd_kafka_NewTopic_new", library.new_topic_new);
  loader.load("rd_kafka_NewTopic_set_config", library.new_topic_set_config);
  loader.load("rd_kafka_NewTopic_destroy", library.new_topic_destroy);
  loader.load("rd_kafka_CreateTopics", library.create_topics);
  loader.load("rd_kafka_DeleteTopic_new", library.delete_topic_new);
  loader.load("rd_kafka_DeleteTopic_destroy", library.delete_topic_destroy);
  loader.load("rd_kafka_DeleteTopics", library.delete_topics);
  loader.load("rd_kafka_AdminOptions_new", library.admin_options_new);
  loader.load("rd_kafka_AdminOptions_destroy", library.admin_options_destroy);
  loader.load("rd_kafka_AdminOptions_set_operation_timeout",
              library.admin_options_set_timeout);
  loader.load("rd_kafka_queue_new", library.queue_new);
  loader.load("rd_kafka_queue_poll", library.queue_poll);
  loader.load("rd_kafka_queue_destroy", library.queue_destroy);
  loader.load("rd_kafka_event_error", library.event_error);
  loader.load("rd_kafka_event_error_string", library.event_error_string);
  loader.load("rd_kafka_event_CreateTopics_result", library.event_create_topics_result);
  loader.load("rd_kafka_event_DeleteTopics_result", library.event_delete_topics_result);
  loader.load("rd_kafka_CreateTopics_result_topics", library.create_topics_result_topics);
  loader.load("rd_kafka_DeleteTopics_result_topics", library.delete_topics_result_topics);
  loader.load("rd_kafka_topic_result_error", library.topic_result_error);
  loader.load("rd_kafka_topic_result_error_string", library.topic_result_error_string);
  loader.load("rd_kafka_event_destroy", library.event_destroy);
  loader.load("rd_kafka_AdminOptions_set_validate_only",
              library.admin_options_set_validate_only);
  loader.load("rd_kafka_version", library.version);
  loader.load("rd_kafka_version_str", library.version_str);
}

}  // namespace

Result<const Librdkafka*> librdkafka() {
  static const Result<Librdkafka> the_library =
      load_system_library(kLibrary, load_functions);
  ARROW_RETURN_NOT_OK(the_library.status());
  return &*the_library;
}

}  // namespace velo::kafka
