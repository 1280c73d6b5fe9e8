#pragma once

#include <string>
#include <vector>

namespace ibuild::sandbox {

/// What execve(2) takes: pointers into the words, those of `more` behind them, and a null.
inline std::vector<char*> word_pointers(const std::vector<std::string>& words,
                                        const std::vector<std::string>& more = {}) {
  std::vector<char*> all;
  all.reserve(words.size() + more.size() + 1);
  for (const auto* list : {&words, &more}) {
    for (const std::string& word : *list) all.push_back(const_cast<char*>(word.c_str()));
  }
  all.push_back(nullptr);
  return all;
}

}  // namespace ibuild::sandbox
