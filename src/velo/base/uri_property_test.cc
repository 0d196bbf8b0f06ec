#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "velo/base/glob.h"
#include "velo/options.h"
#include "velo/uri.h"

namespace velo {
namespace {

constexpr int kNumUris = 20'000;

// Makes addresses that parse_uri could have made, of every kind.
class UriGenerator {
 public:
  explicit UriGenerator(uint64_t seed) : random_(seed) {}

  Uri make() {
    static const std::vector<std::string> kSchemes = {
        "postgresql", "kafka", "s3",     "iceberg", "clickhouse", "mysql", "file",
        "generate",   "null",  "stdout", "stdin",   "-",          "@"};
    Uri uri;
    uri.scheme = one_of(kSchemes);
    if (uri.scheme == "@") {
      uri.hosts.push_back({name(), std::nullopt});
      uri.path = one_of<std::string>({"", rooted_path()});
    } else if (uri.scheme == "file") {
      uri.path = fmt::format("{}{}", one_of<std::string>({"/", "a", "./", "//"}), path());
    } else if (uri.scheme == "generate") {
      uri.path = path();
    } else if (!one_of_these(uri.scheme, {"null", "stdout", "stdin", "-"})) {
      add_authority(uri);
    }
    add_options(uri);
    return uri;
  }

  std::string text(size_t most) {
    static const std::vector<std::string> kPieces = {
        "a", "Z", "7",  " ",   "/",  ":",  "@",    "?",        "#",
        "&", "=", "%",  "%25", "\\", "*",  "[",    "]",        "{",
        "}", ",", "'",  "\"",  "$",  "$$", "${",   "${env:A}", "${file:/a?b#c&d@e}",
        "+", "-", "\t", "\n",  "ü",  "日", "🦆", "..",       "~",
        "^", "!", "|",  "<",   ";"};
    std::string out;
    for (size_t i = 0, pieces = below(most); i < pieces; ++i) out += one_of(kPieces);
    return out;
  }

 private:
  size_t below(size_t limit) { return random_() % limit; }
  template <typename T>
  T one_of(const std::vector<T>& values) {
    return values[below(values.size())];
  }
  static bool one_of_these(const std::string& value,
                           const std::vector<std::string>& values) {
    return std::find(values.begin(), values.end(), value) != values.end();
  }
  std::string name() {
    std::string out = one_of<std::string>({"a", "shop", "X_1", "my-shop.2"});
    return out + std::to_string(below(100));
  }
  std::string path() {
    std::string out = escape_glob(text(8));
    return out +
           one_of<std::string>({"", "/*.csv", "/**/x", "[a-z]", "{a,b}", "{table}/"});
  }

  std::string rooted_path() { return fmt::format("/{}", path()); }

  void add_authority(Uri& uri) {
    if (below(3) == 0) uri.user = fmt::format("u{}", text(6));
    if (below(3) == 0) uri.password = text(8);
    for (size_t i = 0, hosts = below(4); i < hosts; ++i) {
      Uri::Host host{one_of<std::string>({"localhost", "::1", "fe80::1%eth0", "10.0.0.1",
                                          "a b", "/var/run", "ü", "x,y", "x@y", "x%"}),
                     std::nullopt};
      if (below(2) == 0) host.port = static_cast<uint16_t>(1 + below(65535));
      uri.hosts.push_back(host);
    }
    if (below(4) > 0) uri.path = rooted_path();
  }

  void add_options(Uri& uri) {
    for (size_t i = 0, options = below(4); i < options; ++i) {
      const std::string option =
          one_of<std::string>({"a", "b_2", "client.id", "x-y", "_z"});
      if (uri.find_option(option) == nullptr) uri.options.emplace_back(option, text(8));
    }
  }

  std::mt19937_64 random_;
};

TEST(UriProperty, PrintedParsesToTheSame) {
  UriGenerator generator(7);
  for (int i = 0; i < kNumUris; ++i) {
    const Uri uri = generator.make();
    const std::string printed = print_uri(uri);
    const Result<Uri> parsed = parse_uri(printed);
    ASSERT_TRUE(parsed.ok()) << printed << ": " << parsed.status();
    ASSERT_EQ(*parsed, uri) << printed << "\n" << print_uri(*parsed);
    ASSERT_EQ(print_uri(*parsed), printed);
  }
}

// The rest of a URI of a scheme means the same in SQL.
TEST(UriProperty, SqlTakesTheRest) {
  UriGenerator generator(8);
  for (int i = 0; i < kNumUris; ++i) {
    const Uri uri = generator.make();
    if (uri.scheme == "-" || uri.scheme == "@") continue;
    const std::string printed = print_uri(uri);
    ASSERT_EQ(parse_uri(uri.scheme, printed).ValueOrDie(), uri) << printed;
    const size_t slashes = printed.find("://");
    if (slashes == uri.scheme.size() && uri.scheme != "file") {
      const std::string rest = printed.substr(slashes + 3);
      if (rest.starts_with('@') || rest.find("://") != std::string::npos) continue;
      ASSERT_EQ(parse_uri(uri.scheme, rest).ValueOrDie(), uri) << printed;
    }
  }
}

// Whatever is done to an address with secrets, neither its redacted form nor a message
// about it shows one of them.
TEST(UriProperty, SecretsStayHidden) {
  constexpr std::string_view kSecret = "hunter22";
  UriGenerator generator(9);
  std::mt19937_64 random(9);
  const std::vector<OptionDescriptor> none;
  for (int i = 0; i < kNumUris; ++i) {
    Uri uri = generator.make();
    if (uri.scheme == "@" || uri.hosts.empty()) continue;
    uri.password = std::string(kSecret);
    uri.options.emplace_back("secret_access_key", kSecret);
    ASSERT_EQ(redact_uri(uri).find(kSecret), std::string::npos) << print_uri(uri);
    const Status unknown = OptionValues::parse(uri, none, OptionUse::kSource).status();
    ASSERT_EQ(unknown.message().find(kSecret), std::string::npos) << unknown;

    // Damage anything but the secrets themselves.
    std::string text = print_uri(uri);
    const size_t at = random() % text.size();
    constexpr std::string_view kDamage = "%#?&[]:\t\xFF ,=/@";
    text.insert(at, 1, kDamage[random() % kDamage.size()]);
    if (text.find(kSecret) == std::string::npos) continue;
    const Result<Uri> damaged = parse_uri(text);
    if (damaged.ok()) continue;
    ASSERT_EQ(damaged.status().message().find(kSecret), std::string::npos)
        << text << "\n"
        << damaged.status();
  }
}

}  // namespace
}  // namespace velo
