// What every source does, of rows that are made up.

#include "velo/testing/conformance/conformance.h"

#include "velo/connectors/generate/connector.h"

namespace velo::generate {
namespace {

using testing::Place;
using testing::Trait;
using testing::with_option;

class Orders : public Place {
 public:
  static Result<std::unique_ptr<Place>> make() { return std::make_unique<Orders>(); }

  Uri source(const arrow::Schema&) const override {
    Uri uri = parse_uri("generate://orders").ValueOrDie();
    return with_option(with_option(uri, "rows", "1000"), "batch_size", "128");
  }

  std::string name() const override { return "orders"; }
};

testing::Conformance conformance() {
  return {
      .folder = "generate",
      .connector = generate_connector(),
      .sources = {{{.name = "orders",
                    .lacks = {{Trait::kTakesRows, "its rows are its own"},
                              {Trait::kReadsNothing, "there are always as many"},
                              {Trait::kBadRecords, "its rows are its own"},
                              {Trait::kNamesMissing, "its tables are built in"},
                              {Trait::kStreams,
                               "so many rows are all; with unbounded "
                               "there is no end to read to"}},
                    .make_place = Orders::make}}},
  };
}

}  // namespace
}  // namespace velo::generate

int main(int argc, char** argv) {
  return velo::testing::run_conformance(argc, argv, velo::generate::conformance());
}
