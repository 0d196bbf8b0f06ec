#include "velo/connectors/null/sink.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "velo/connectors/null/connector.h"

namespace velo::null {
namespace {

Batch batch_of(std::shared_ptr<arrow::DataType> type, int64_t num_rows) {
  const auto column = arrow::MakeArrayOfNull(type, num_rows).ValueOrDie();
  return {arrow::RecordBatch::Make(arrow::schema({arrow::field("a", type)}), num_rows,
                                   {column})};
}

TEST(Null, CountsAndDiscards) {
  NullWriter writer;
  EXPECT_TRUE(writer.write(batch_of(arrow::int64(), 10)).ok());
  EXPECT_TRUE(writer.write(batch_of(arrow::int64(), 0)).ok());
  EXPECT_TRUE(writer.write(Batch{batch_of(arrow::int64(), 20).rows->Slice(5, 10)}).ok());
  EXPECT_EQ(writer.num_rows(), 20);
  // 8 bytes a value, and the bits of nulls.
  EXPECT_GE(writer.bytes_written(), 160);
  EXPECT_LT(writer.bytes_written(), 170);
  EXPECT_TRUE(writer.finish().ok());
  EXPECT_TRUE(writer.finish().ok());
  writer.abort();
}

TEST(Null, RefusesAnotherSchema) {
  NullWriter writer;
  ASSERT_TRUE(writer.write(batch_of(arrow::int64(), 1)).ok());
  const Status status = writer.write(batch_of(arrow::utf8(), 1));
  EXPECT_EQ(kind_of(status), ErrorKind::kSchemaMismatch);
  EXPECT_EQ(status.message(), "null: a batch came with other columns than the first");
}

TEST(Null, Stops) {
  NullWriter writer;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(kind_of(writer.write(batch_of(arrow::int64(), 1), stop.get_token())),
            ErrorKind::kCancelled);
}

TEST(Null, Connector) {
  const Connector connector = null_connector();
  EXPECT_EQ(connector.scheme, "null");
  EXPECT_EQ(connector.create_source, nullptr);
  auto sink = connector.create_sink(parse_uri("null:").ValueOrDie()).ValueOrDie();
  EXPECT_TRUE(sink->validate_schema(*arrow::schema({})).ok());
  EXPECT_TRUE(sink->create_writer().ok());
  const auto bad = connector.create_sink(parse_uri("null:?format=csv").ValueOrDie());
  EXPECT_EQ(kind_of(bad.status()), ErrorKind::kInvalidArgument);
  EXPECT_EQ(bad.status().message(),
            "null:: unknown option 'format'; `velo help null` lists them all");
}

}  // namespace
}  // namespace velo::null
