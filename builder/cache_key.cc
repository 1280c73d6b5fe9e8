#include "builder/cache_key.h"

namespace ibuild::builder {

void StepKey::add(std::string name, std::string value) {
  ingredients_.push_back({std::move(name), std::move(value)});
}

base::Digest StepKey::digest() const {
  base::Sha256 hash;
  const auto put = [&](std::string_view text) {
    // With its length, so that no two lists of ingredients make the same bytes.
    hash.update(std::to_string(text.size()) + ":");
    hash.update(text);
  };
  put(kKeyVersion);
  for (const auto& ingredient : ingredients_) {
    put(ingredient.name);
    put(ingredient.value);
  }
  return hash.finish();
}

void StepKey::for_each_detail(const TakeDetail& take) const {
  bool wants_more = true;
  for (const auto& item : details_) {
    wants_more = wants_more && take(item.name, item.value);
    if (!wants_more) return;
  }
  for (const auto& files : files_) {
    files([&](std::string_view name, std::string_view value) {
      wants_more = wants_more && take(name, value);
      return wants_more;
    });
    if (!wants_more) return;
  }
}

void StepKey::forget_details() {
  details_ = {};
  files_.clear();
}

}  // namespace ibuild::builder
