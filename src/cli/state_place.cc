#include "state_place.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "command.h"
#include "commit_observer.h"
#include "confirmation.h"
#include "log.h"
#include "progress.h"

namespace velo::cli {
namespace {

constexpr char kEarliest[] = "earliest";
// In a position of records, messages or rows their number comes first, big-endian.
constexpr size_t kNumberBytes = 8;
constexpr size_t kMostSplitsShown = 20;

Status refuse(const std::string& name, std::string message,
              ErrorKind kind = ErrorKind::kInvalidArgument) {
  return make_error(kind, {.resource = name}, std::move(message));
}

// `from`: where its sources begin; empty: where the statements say.
Session session_of(const Connections& connections, const std::string& from = "") {
  SessionOptions options;
  options.registry = &registry();
  options.connections = connections;
  if (!from.empty()) options.pipeline_options.emplace_back("from", from);
  options.observer = commit_observer();
  return Session(std::move(options));
}

Result<CommitRecord> record_of(const std::string& name, DataSink& sink,
                               const PipelineIdentity& pipeline,
                               const std::stop_token& stop) {
  TransactionalSink* transactions = sink.transactions();
  if (!transactions) return refuse(name, "its sink keeps no record of it");
  ARROW_ASSIGN_OR_RAISE(const auto state,
                        look_at_pipeline(*transactions, pipeline, stop));
  if (state) return state->record;
  return refuse(name, "it is not known at its sink: it has not run, or was reset",
                ErrorKind::kNotFound);
}

std::optional<uint64_t> number_in(const std::string& text) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || read != end) return std::nullopt;
  return number;
}

// The position of the same kind with another number, where its words say one.
Result<Position> with_number(const std::string& name, const std::string& source,
                             const Position& position, uint64_t number) {
  const std::string words = describe_position(source, position);
  const bool has_number = std::ranges::any_of(
      std::initializer_list<std::string_view>{"record ", "offset ", "row "},
      [&](std::string_view kind) { return words.starts_with(kind); });
  if (!has_number || position.bytes.size() < kNumberBytes) {
    return refuse(name,
                  fmt::format("it is at {}, which is no number of a record, message "
                              "or row; --to earliest reads all again",
                              words));
  }
  Position changed = position;
  for (size_t i = 0; i < kNumberBytes; ++i) {
    changed.bytes[i] = static_cast<char>(number >> (8 * (kNumberBytes - 1 - i)));
  }
  return changed;
}

Result<Positions> positions_to_set(const PlaceArguments& arguments,
                                   const CommitRecord& record) {
  const auto number = number_in(arguments.to);
  if (!number && arguments.to != kEarliest) {
    return refuse(arguments.name,
                  fmt::format("--to={}: earliest is expected, the number of a record, "
                              "message or row, or a time (2026-01-31T12:00:00Z)",
                              arguments.to));
  }
  if (number && arguments.split.empty() && record.positions.size() > 1) {
    return refuse(arguments.name,
                  "which split? --split says so; velo state show lists "
                  "them");
  }
  Positions positions;
  for (const auto& [split, progress] : record.positions) {
    const bool is_meant = arguments.split.empty() || split == arguments.split;
    if (!is_meant || progress.position.bytes.empty()) continue;
    SplitProgress& wanted = positions[split];
    if (!number) continue;  // a position without bytes is the beginning
    ARROW_ASSIGN_OR_RAISE(wanted.position,
                          with_number(arguments.name, record.fingerprint.source,
                                      progress.position, *number));
  }
  return positions;
}

std::string nothing_to_set(const PlaceArguments& arguments, bool is_time) {
  if (is_time) {
    return fmt::format("nothing that it has read is from {} or later", arguments.to);
  }
  return arguments.split.empty() ? "it has read nothing that could be read again"
                                 : "it has read no split " + arguments.split;
}

// Whether it can only be a time; the source reads it.
bool is_time(const std::string& to) {
  return !number_in(to) && !to.empty() && to.front() >= '0' && to.front() <= '9';
}

// Where the source was then, as far as that is before the record. `then` was opened with
// from = that time.
Result<Positions> positions_at_time(const std::string& called, const OpenPipeline& then,
                                    const PlaceArguments& arguments,
                                    const CommitRecord& record,
                                    const std::stop_token& stop) {
  if (then.options.range.from != arguments.to) {
    return refuse(called,
                  fmt::format("the statement itself says from = {}; without it, --to={} "
                              "can be found",
                              then.options.range.from, arguments.to));
  }
  ARROW_ASSIGN_OR_RAISE(Positions positions,
                        beginnings_before(*then.source, then.pipeline, record, stop));
  std::erase_if(positions, [&](const auto& position) {
    return !arguments.split.empty() && position.first != arguments.split;
  });
  return positions;
}

void tell_of_rewind(const std::string& called, const PlaceArguments& arguments,
                    const CommitRecord& record, const Positions& positions) {
  const auto words = [&](const Position& position) {
    return describe_position(record.fingerprint.source, position);
  };
  std::string text =
      fmt::format("{}: {} rows committed", called, with_separators(record.num_rows));
  size_t num_shown = 0;
  for (const auto& [split, wanted] : positions) {
    if (num_shown++ == kMostSplitsShown) {
      text += fmt::format("\n  …: {} more", positions.size() - kMostSplitsShown);
      break;
    }
    text +=
        fmt::format("\n  back:  {}: from {} to {}", split,
                    words(record.positions.at(split).position), words(wanted.position));
  }
  text +=
      "\n  stays: its rows. What is read again is written again: rows are there twice "
      "unless they\n         were removed before, or the sink has a key";
  log().write({.name = "goes_back",
               .pipeline = record.pipeline,
               .message = std::move(text),
               .fields = {{"rows", record.num_rows},
                          {"splits", static_cast<int64_t>(positions.size())},
                          {"to", std::string_view(arguments.to)}}});
}

// Sets back the pipelines of a statement, each of which is another for itself.
class Rewind {
 public:
  Rewind(const PlaceArguments& arguments, bool is_alone, std::stop_token stop)
      : arguments_(arguments), is_alone_(is_alone), stop_(std::move(stop)) {}

  // `then`, opened with from = the time to go back to; nullptr where that is no time.
  Status set(OpenPipeline& opened, const OpenPipeline* then) const {
    const std::string called = is_alone_ ? arguments_.name : opened.pipeline.id;
    ARROW_ASSIGN_OR_RAISE(const CommitRecord record,
                          record_of(called, *opened.sink, opened.pipeline, stop_));
    ARROW_ASSIGN_OR_RAISE(
        Positions positions,
        then ? positions_at_time(called, *then, arguments_, record, stop_)
             : positions_to_set(arguments_, record));
    // Of several some may be there already: who was killed between two runs it again.
    if (!is_alone_) {
      std::erase_if(positions, [&](const auto& wanted) {
        const auto& now = record.positions.at(wanted.first).position;
        return !(wanted.second.position < now);
      });
    }
    if (positions.empty()) {
      const std::string why = nothing_to_set(arguments_, then != nullptr);
      if (is_alone_) return refuse(called, why);
      leave(called, record, "left as it is: " + why + ", or it is there already");
      return Status::OK();
    }
    tell_of_rewind(called, arguments_, record, positions);
    if (!arguments_.yes) {
      ARROW_ASSIGN_OR_RAISE(const bool may_go,
                            is_confirmed("Set back " + called, called));
      if (!may_go) {
        leave(called, record, "left as it is");
        return Status::OK();
      }
    }
    ARROW_RETURN_NOT_OK(rewind_pipeline(*opened.source, *opened.sink, opened.pipeline,
                                        opened.options, positions, stop_));
    log().write({.name = "rewound",
                 .pipeline = record.pipeline,
                 .message = called + ": set back; its next run reads from there"});
    return Status::OK();
  }

 private:
  static void leave(const std::string& called, const CommitRecord& record,
                    const std::string& why) {
    log().write(
        {.name = "left", .pipeline = record.pipeline, .message = called + ": " + why});
  }

  const PlaceArguments& arguments_;
  const bool is_alone_;
  const std::stop_token stop_;
};

// Where a fork begins is where one pipeline is.
Result<OpenPipeline> only_one(std::vector<OpenPipeline> opened, const std::string& name) {
  if (opened.size() == 1) return std::move(opened.front());
  std::vector<std::string> ids;
  for (const OpenPipeline& one : opened) ids.push_back(one.pipeline.id);
  return refuse(name,
                fmt::format("it has {} sinks, and each is at a place of its own: say "
                            "where to go on from: {}",
                            ids.size(), fmt::join(ids, ", ")));
}

}  // namespace

Status rewind_statement(const SqlScript& script, const Connections& connections,
                        const PlaceArguments& arguments, std::stop_token stop) {
  Session session = session_of(connections);
  ARROW_ASSIGN_OR_RAISE(auto opened,
                        session.open_pipelines(script.text, arguments.name, stop));
  const bool to_time = is_time(arguments.to);
  Session session_then = session_of(connections, arguments.to);
  std::vector<OpenPipeline> then;
  if (to_time) {
    ARROW_ASSIGN_OR_RAISE(then,
                          session_then.open_pipelines(script.text, arguments.name, stop));
  }
  const Rewind rewind(arguments, opened.size() == 1, stop);
  for (OpenPipeline& one : opened) {
    // What a pattern meets may be more, or less, a moment later.
    const auto same = std::ranges::find_if(then, [&](const OpenPipeline& other) {
      return other.pipeline.id == one.pipeline.id && other.address == one.address;
    });
    if (to_time && same == then.end()) {
      return refuse(one.pipeline.id,
                    "it is not among the streams of its source any more");
    }
    ARROW_RETURN_NOT_OK(rewind.set(one, to_time ? &*same : nullptr));
  }
  return Status::OK();
}

Status fork_statement(const SqlScript& script, const Connections& connections,
                      const PlaceArguments& arguments, std::stop_token stop) {
  Session session = session_of(connections);
  ARROW_ASSIGN_OR_RAISE(auto candidates,
                        session.open_pipelines(script.text, arguments.name, stop));
  ARROW_ASSIGN_OR_RAISE(const OpenPipeline from,
                        only_one(std::move(candidates), arguments.name));
  ARROW_ASSIGN_OR_RAISE(const CommitRecord other,
                        record_of(arguments.name, *from.sink, from.pipeline, stop));
  ARROW_ASSIGN_OR_RAISE(const auto opened,
                        session.open_pipelines(script.text, arguments.new_name, stop));
  for (const OpenPipeline& one : opened) {
    ARROW_RETURN_NOT_OK(
        fork_pipeline(*one.source, *one.sink, one.pipeline, one.options, other, stop));
    log().write({.name = "forked",
                 .pipeline = one.pipeline.id,
                 .message = fmt::format("{}: goes on from where {} is, into {}",
                                        arguments.new_name, arguments.name, one.address),
                 .fields = {{"from", std::string_view(other.pipeline)},
                            {"sink", std::string_view(one.address)}}});
  }
  return Status::OK();
}

}  // namespace velo::cli
