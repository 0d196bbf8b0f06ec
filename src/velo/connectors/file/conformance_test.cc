// What every source and sink does, of files.

#include "velo/testing/conformance/conformance.h"

#include "velo/connectors/file/connector.h"
#include "velo/testing/temporary_folder.h"

namespace velo::file {
namespace {

using testing::Place;
using testing::Trait;
using testing::with_option;

enum class Shape : int8_t { kDirectory, kOverwritten, kOneFile, kWatched };

// A directory, or a file, in a folder of its own.
class Files : public Place {
 public:
  Files(Shape shape, std::string format) : shape_(shape), format_(std::move(format)) {}

  Uri sink() const override {
    Uri uri = address();
    if (shape_ != Shape::kOneFile) uri = with_option(uri, "format", format_);
    if (shape_ != Shape::kOverwritten) return uri;
    return with_option(uri, "mode", "overwrite");
  }

  Uri source(const arrow::Schema& rows) const override {
    Uri uri = address();
    if (shape_ == Shape::kWatched) {
      uri.path += "*." + format_;
      uri = with_option(uri, "watch", "true");
    }
    if (format_ != "csv" && format_ != "json") return uri;
    return with_option(uri, "schema", testing::schema_option(rows));
  }

  std::string name() const override { return address().path; }

  Result<std::vector<std::string>> leftovers() const override {
    std::vector<std::string> names;
    for (const std::string& name : folder_.files()) {
      if (name.find("_velo") != std::string::npos || name.ends_with(".part")) {
        names.push_back(name);
      }
    }
    return names;
  }

 private:
  Uri address() const {
    const bool is_file = shape_ == Shape::kOneFile;
    return {.scheme = "file",
            .path = folder_.at(is_file ? "rows." + format_ : std::string("rows/"))};
  }

  const Shape shape_;
  const std::string format_;
  const testing::TemporaryFolder folder_;
};

template <Shape shape, const char* format>
Result<std::unique_ptr<Place>> make() {
  return std::make_unique<Files>(shape, format);
}

constexpr char kCsv[] = "csv";
constexpr char kJson[] = "json";
constexpr char kParquet[] = "parquet";
constexpr char kAvro[] = "avro";
constexpr char kArrow[] = "arrow";
constexpr char kOrc[] = "orc";

constexpr auto kMicro = arrow::TimeUnit::MICRO;
constexpr auto kNano = arrow::TimeUnit::NANO;
// Of times that nanoseconds hold.
constexpr testing::Years kOrcYears{.first = 1678, .last = 2261};

const char kNoFiles[] = "rows make files: without rows there is none";
const char kNoWaits[] = "a local file does not wait";
const char kNoColumns[] = "a directory takes files of any columns";
const char kNoKeys[] = "a row has no key here";
const char kTyped[] = "values are of the types of their columns";
const char kEndsThere[] = "what is there when it is opened is all of it";

testing::Conformance conformance() {
  const auto types = testing::all_types();
  const auto csv_types = testing::all_types_but({{arrow::binary(), nullptr}});
  const auto avro_types =
      testing::all_types_but({{arrow::int8(), arrow::int32()},
                              {arrow::int16(), arrow::int32()},
                              {arrow::uint8(), arrow::int32()},
                              {arrow::uint16(), arrow::int32()},
                              {arrow::uint32(), arrow::int64()},
                              {arrow::uint64(), arrow::decimal128(20, 0)}});
  const auto orc_types = testing::all_types_but(
      {{arrow::uint8(), arrow::int16()},
       {arrow::uint16(), arrow::int32()},
       {arrow::uint32(), arrow::int64()},
       {arrow::uint64(), arrow::decimal128(20, 0)},
       {arrow::time64(kMicro), nullptr},
       {arrow::timestamp(kMicro), arrow::timestamp(kNano)},
       {arrow::timestamp(kMicro, "UTC"), arrow::timestamp(kNano, "UTC")}});
  return {
      .folder = "file",
      .connector = file_connector(),
      .sources =
          {
              {{.name = "csv",
                .lacks = {{Trait::kReadsNothing, kNoFiles},
                          {Trait::kStreams, kEndsThere}},
                .make_place = make<Shape::kDirectory, kCsv>,
                .types = csv_types},
               /*num_rows_for_positions=*/150'000},
              {{.name = "json",
                .lacks = {{Trait::kReadsNothing, kNoFiles},
                          {Trait::kStreams, kEndsThere}},
                .make_place = make<Shape::kDirectory, kJson>,
                .types = types},
               /*num_rows_for_positions=*/150'000},
              {{.name = "parquet",
                .lacks = {{Trait::kReadsNothing, kNoFiles},
                          {Trait::kStreams, kEndsThere},
                          {Trait::kBadRecords, kTyped}},
                .make_place = make<Shape::kDirectory, kParquet>,
                .types = types},
               /*num_rows_for_positions=*/40'000},
              {{.name = "avro",
                .lacks = {{Trait::kReadsNothing, kNoFiles},
                          {Trait::kStreams, kEndsThere},
                          {Trait::kBadRecords, kTyped}},
                .make_place = make<Shape::kDirectory, kAvro>,
                .types = avro_types},
               /*num_rows_for_positions=*/40'000},
              {{.name = "arrow",
                .lacks = {{Trait::kReadsNothing, kNoFiles},
                          {Trait::kStreams, kEndsThere},
                          {Trait::kBadRecords, kTyped}},
                .make_place = make<Shape::kDirectory, kArrow>,
                .types = types},
               /*num_rows_for_positions=*/200'000},
              {{.name = "orc",
                .lacks = {{Trait::kReadsNothing, kNoFiles},
                          {Trait::kStreams, kEndsThere},
                          {Trait::kBadRecords, kTyped}},
                .make_place = make<Shape::kDirectory, kOrc>,
                .types = orc_types,
                .years = kOrcYears},
               /*num_rows_for_positions=*/40'000},
              {{.name = "watched",
                .lacks = {{Trait::kReadsNothing, kNoFiles},
                          {Trait::kNamesMissing, "files may come later"}},
                .make_place = make<Shape::kWatched, kJson>,
                .types = types},
               /*num_rows_for_positions=*/500'000},
          },
      .sinks =
          {
              {{.name = "csv",
                .lacks = {{Trait::kChecksColumns, kNoColumns},
                          {Trait::kUpserts, kNoKeys},
                          {Trait::kWaits, kNoWaits}},
                .make_place = make<Shape::kDirectory, kCsv>,
                .types = csv_types}},
              {{.name = "json",
                .lacks = {{Trait::kChecksColumns, kNoColumns},
                          {Trait::kUpserts, kNoKeys},
                          {Trait::kWaits, kNoWaits}},
                .make_place = make<Shape::kDirectory, kJson>,
                .types = types}},
              {{.name = "parquet",
                .lacks = {{Trait::kChecksColumns, kNoColumns},
                          {Trait::kUpserts, kNoKeys},
                          {Trait::kWaits, kNoWaits}},
                .make_place = make<Shape::kDirectory, kParquet>,
                .types = types}},
              {{.name = "avro",
                .lacks = {{Trait::kChecksColumns, kNoColumns},
                          {Trait::kUpserts, kNoKeys},
                          {Trait::kWaits, kNoWaits}},
                .make_place = make<Shape::kDirectory, kAvro>,
                .types = avro_types}},
              {{.name = "arrow",
                .lacks = {{Trait::kChecksColumns, kNoColumns},
                          {Trait::kUpserts, kNoKeys},
                          {Trait::kWaits, kNoWaits}},
                .make_place = make<Shape::kDirectory, kArrow>,
                .types = types}},
              {{.name = "orc",
                .lacks = {{Trait::kChecksColumns, kNoColumns},
                          {Trait::kUpserts, kNoKeys},
                          {Trait::kWaits, kNoWaits}},
                .make_place = make<Shape::kDirectory, kOrc>,
                .types = orc_types,
                .years = kOrcYears}},
              {{.name = "overwritten",
                .lacks = {{Trait::kAppends, "all of it is replaced, at the end"},
                          {Trait::kChecksColumns, kNoColumns},
                          {Trait::kUpserts, kNoKeys},
                          {Trait::kWaits, kNoWaits}},
                .make_place = make<Shape::kOverwritten, kParquet>,
                .types = types}},
              {{.name = "one_file",
                .lacks = {{Trait::kTransactional, "it is written whole, by a rerun too"},
                          {Trait::kAppends, "it is replaced"},
                          {Trait::kChecksColumns, kNoColumns},
                          {Trait::kUpserts, kNoKeys},
                          {Trait::kWaits, kNoWaits}},
                .make_place = make<Shape::kOneFile, kCsv>,
                .types = csv_types}},
          },
  };
}

}  // namespace
}  // namespace velo::file

int main(int argc, char** argv) {
  return velo::testing::run_conformance(argc, argv, velo::file::conformance());
}
