#pragma once

/// Prometheus' text format, 0.0.4:
///
///     family := '# HELP ' name ' ' help LF '# TYPE ' name ' ' type LF { sample }
///     sample := name [ '{' label '="' value '"' { ',' … } '}' ] ' ' number LF
///
/// Source: prometheus.io, Exposition formats.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace velo::cli {

class PrometheusText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;

  /// Begin a family; its samples follow. `type` is counter, gauge or histogram.
  void family(std::string_view name, std::string_view type, std::string_view help);

  void sample(std::string_view name, const Labels& labels, double value);

  /// A number as it stands in samples and in `le`.
  static std::string number(double value);

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace velo::cli
