// What every sink does, of one that keeps nothing.

#include "velo/testing/conformance/conformance.h"

#include "velo/connectors/null/connector.h"

namespace velo::null {
namespace {

using testing::Trait;

class Nowhere : public testing::Place {
 public:
  static Result<std::unique_ptr<Place>> make() { return std::make_unique<Nowhere>(); }

  Uri sink() const override { return parse_uri("null:").ValueOrDie(); }
  Uri source(const arrow::Schema&) const override { return {}; }
  std::string name() const override { return "null"; }
};

testing::Conformance conformance() {
  return {.folder = "null",
          .connector = null_connector(),
          .sinks = {{{.name = "nowhere",
                      .lacks = {{Trait::kReadsBack, "rows are counted and discarded"},
                                {Trait::kTransactional, "it keeps nothing"},
                                {Trait::kUpserts, "it keeps nothing"}},
                      .make_place = Nowhere::make,
                      .types = testing::all_types()}}}};
}

}  // namespace
}  // namespace velo::null

int main(int argc, char** argv) {
  return velo::testing::run_conformance(argc, argv, velo::null::conformance());
}
