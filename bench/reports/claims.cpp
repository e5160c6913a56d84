#include "reports/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "reports/text.hpp"

namespace tapedeck::reports {
namespace {

using Scores = std::vector<std::optional<double>>;

std::vector<double> present(const Scores& values) {
  std::vector<double> there;
  for (const auto& value : values) {
    if (value) there.push_back(*value);
  }
  return there;
}

Scores differences(const Scores& a, const Scores& b) {
  Scores all;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    all.push_back(a[i] && b[i] ? std::optional(*a[i] - *b[i]) : std::nullopt);
  }
  return all;
}

std::string in_words(const Settings& settings) {
  std::string words;
  for (const std::string& setting : settings) words += (words.empty() ? "" : "; ") + setting;
  return words;
}

std::string against(Metric metric, const Settings& first, const Scores& a, const Settings& others,
                    const Scores& b) {
  return fmt::format("{} ({}) against {} ({})", shown(metric, spread(a)), in_words(first),
                     shown(metric, spread(b)), in_words(others));
}

const Row& row_of(const Report& report, const std::string& item, const std::string& name) {
  for (const Table& table : report.tables) {
    if (table.item != item) continue;
    for (const Row& row : table.rows) {
      if (row.name == name) return row;
    }
  }
  throw std::logic_error(report.name + " has no row " + name + " in " + item);
}

/// Calls holds(ours, printed) for each row, and tells the figures.
template <class F>
Finding look_through(const ReportOutcome& of, Metric metric, const std::string& item,
                     const std::vector<std::string>& rows, bool all, const F& holds) {
  Index count = 0;
  std::string figures;
  for (const std::string& name : rows) {
    const Row& row = row_of(of.report, item, name);
    const auto ours = of.of(row.of).at_end(metric);
    const Printed& printed = row.printed.at(metric);
    if (ours && holds(*ours, printed)) ++count;
    figures += fmt::format("{}{}: {}, printed {}", figures.empty() ? "" : "; ", name, shown(metric, ours),
                           shown(metric, printed));
  }
  return {verdict_of(all ? count == rows.size() : count > 0), figures};
}

}  // namespace

Score at_end(Metric metric) {
  return [metric](const Outcome& outcome, Index trial) -> std::optional<double> {
    const Trial& one = outcome.trials.at(trial);
    if (one.diverged) return std::nullopt;
    return one.measured.back()[static_cast<std::size_t>(metric)];
  };
}

Scores scores(const ReportOutcome& of, const Settings& settings, const Score& score) {
  Scores means(of.of(settings.front()).trials.size());
  for (Index trial = 0; trial < means.size(); ++trial) {
    double sum = 0;
    bool complete = true;
    for (const std::string& setting : settings) {
      const Outcome& outcome = of.of(setting);
      const auto one = trial < outcome.trials.size() ? score(outcome, trial) : std::nullopt;
      complete = complete && one.has_value();
      sum += one.value_or(0);
    }
    if (complete) means[trial] = sum / static_cast<double>(settings.size());
  }
  return means;
}

Verdict compare(const Scores& a, const Scores& b) {
  const auto difference = spread(differences(a, b));
  if (!difference || difference->count < 2) return Verdict::undecided;
  const double error = difference->deviation / std::sqrt(static_cast<double>(difference->count));
  if (difference->mean > 2 * error) return Verdict::agrees;
  return difference->mean < -2 * error ? Verdict::differs : Verdict::undecided;
}

std::optional<MeanDeviation> spread(const Scores& values) {
  const std::vector<double> there = present(values);
  if (there.empty()) return std::nullopt;
  return mean_deviation(there);
}

Check higher(Metric metric, const Settings& first, const Settings& others) {
  return [=](const ReportOutcome& of) -> Finding {
    const Scores a = scores(of, first, at_end(metric));
    const Scores b = scores(of, others, at_end(metric));
    return {compare(a, b), against(metric, first, a, others, b)};
  };
}

Check alike(Metric metric, const Settings& first, const Settings& others) {
  return [=](const ReportOutcome& of) -> Finding {
    const Scores a = scores(of, first, at_end(metric));
    const Scores b = scores(of, others, at_end(metric));
    const auto difference = spread(differences(a, b));
    if (!difference || difference->count < 2)
      return {Verdict::undecided, against(metric, first, a, others, b)};
    const double deviation = std::max(spread(a)->deviation, spread(b)->deviation);
    return {verdict_of(std::abs(difference->mean) < deviation), against(metric, first, a, others, b)};
  };
}

Check reaches_printed(Metric metric, double margin, const std::string& item,
                      const std::vector<std::string>& rows) {
  return [=](const ReportOutcome& of) {
    return look_through(of, metric, item, rows, true, [&](const MeanDeviation& ours, const Printed& printed) {
      return ours.mean >= printed.mean - margin;
    });
  };
}

Check within_printed(Metric metric, const std::string& item, const std::vector<std::string>& rows) {
  return [=](const ReportOutcome& of) {
    return look_through(of, metric, item, rows, false, [](const MeanDeviation& ours, const Printed& printed) {
      return std::abs(ours.mean - printed.mean) <= printed.deviation.value_or(0);
    });
  };
}

Verdict both(Verdict a, Verdict b) {
  if (a == Verdict::differs || b == Verdict::differs) return Verdict::differs;
  return a == Verdict::agrees ? b : a;
}

Verdict verdict_of(bool holds) { return holds ? Verdict::agrees : Verdict::differs; }

}  // namespace tapedeck::reports
