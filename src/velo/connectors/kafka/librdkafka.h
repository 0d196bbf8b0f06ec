#pragma once

/// Kafka's C client, opened when it is first needed: it brings some fifteen other
/// libraries along, which a program that moves files does not want to start with.

#include <librdkafka/rdkafka.h>

#include "velo/error.h"

namespace velo::kafka {

/// The functions that are used, by librdkafka's names without "rd_kafka_".
struct Librdkafka {
  decltype(&::rd_kafka_conf_new) conf_new;
  decltype(&::rd_kafka_conf_destroy) conf_destroy;
  decltype(&::rd_kafka_conf_set) conf_set;
  decltype(&::rd_kafka_conf_set_opaque) conf_set_opaque;
  decltype(&::rd_kafka_conf_set_log_cb) conf_set_log_cb;
  decltype(&::rd_kafka_conf_set_error_cb) conf_set_error_cb;
  decltype(&::rd_kafka_conf_set_dr_msg_cb) conf_set_dr_msg_cb;
  decltype(&::rd_kafka_new) make;
  decltype(&::rd_kafka_destroy) destroy;
  decltype(&::rd_kafka_destroy_flags) destroy_flags;
  decltype(&::rd_kafka_poll) poll;
  decltype(&::rd_kafka_poll_set_consumer) poll_set_consumer;
  decltype(&::rd_kafka_err2str) err2str;
  decltype(&::rd_kafka_err2name) err2name;
  decltype(&::rd_kafka_last_error) last_error;
  decltype(&::rd_kafka_fatal_error) fatal_error;
  decltype(&::rd_kafka_error_code) error_code;
  decltype(&::rd_kafka_error_string) error_string;
  decltype(&::rd_kafka_error_is_retriable) error_is_retriable;
  decltype(&::rd_kafka_error_txn_requires_abort) error_txn_requires_abort;
  decltype(&::rd_kafka_error_destroy) error_destroy;
  decltype(&::rd_kafka_metadata) metadata;
  decltype(&::rd_kafka_metadata_destroy) metadata_destroy;
  decltype(&::rd_kafka_offsets_for_times) offsets_for_times;
  decltype(&::rd_kafka_topic_partition_list_new) topic_partition_list_new;
  decltype(&::rd_kafka_topic_partition_list_add) topic_partition_list_add;
  decltype(&::rd_kafka_topic_partition_list_destroy) topic_partition_list_destroy;
  decltype(&::rd_kafka_incremental_assign) incremental_assign;
  decltype(&::rd_kafka_consumer_poll) consumer_poll;
  decltype(&::rd_kafka_message_destroy) message_destroy;
  decltype(&::rd_kafka_message_timestamp) message_timestamp;
  decltype(&::rd_kafka_get_watermark_offsets) get_watermark_offsets;
  decltype(&::rd_kafka_commit) commit;
  decltype(&::rd_kafka_topic_new) topic_new;
  decltype(&::rd_kafka_topic_destroy) topic_destroy;
  decltype(&::rd_kafka_topic_name) topic_name;
  decltype(&::rd_kafka_produce) produce;
  decltype(&::rd_kafka_flush) flush;
  decltype(&::rd_kafka_outq_len) outq_len;
  decltype(&::rd_kafka_init_transactions) init_transactions;
  decltype(&::rd_kafka_begin_transaction) begin_transaction;
  decltype(&::rd_kafka_commit_transaction) commit_transaction;
  decltype(&::rd_kafka_abort_transaction) abort_transaction;
  decltype(&::rd_kafka_NewTopic_new) new_topic_new;
  decltype(&::rd_kafka_NewTopic_set_config) new_topic_set_config;
  decltype(&::rd_kafka_NewTopic_destroy) new_topic_destroy;
  decltype(&::rd_kafka_CreateTopics) create_topics;
  decltype(&::rd_kafka_DeleteTopic_new) delete_topic_new;
  decltype(&::rd_kafka_DeleteTopic_destroy) delete_topic_destroy;
  decltype(&::rd_kafka_DeleteTopics) delete_topics;
  decltype(&::rd_kafka_AdminOptions_new) admin_options_new;
  decltype(&::rd_kafka_AdminOptions_destroy) admin_options_destroy;
  decltype(&::rd_kafka_AdminOptions_set_operation_timeout) admin_options_set_timeout;
  decltype(&::rd_kafka_queue_new) queue_new;
  decltype(&::rd_kafka_queue_poll) queue_poll;
  decltype(&::rd_kafka_queue_destroy) queue_destroy;
  decltype(&::rd_kafka_event_error) event_error;
  decltype(&::rd_kafka_event_error_string) event_error_string;
  decltype(&::rd_kafka_event_CreateTopics_result) event_create_topics_result;
  decltype(&::rd_kafka_event_DeleteTopics_result) event_delete_topics_result;
  decltype(&::rd_kafka_CreateTopics_result_topics) create_topics_result_topics;
  decltype(&::rd_kafka_DeleteTopics_result_topics) delete_topics_result_topics;
  decltype(&::rd_kafka_topic_result_error) topic_result_error;
  decltype(&::rd_kafka_topic_result_error_string) topic_result_error_string;
  decltype(&::rd_kafka_event_destroy) event_destroy;
  decltype(&::rd_kafka_AdminOptions_set_validate_only) admin_options_set_validate_only;
  decltype(&::rd_kafka_version) version;
  decltype(&::rd_kafka_version_str) version_str;
};

/// Open the library, once. Errors: kNotFound, saying what to install. Threads: safe.
Result<const Librdkafka*> librdkafka();

}  // namespace velo::kafka
