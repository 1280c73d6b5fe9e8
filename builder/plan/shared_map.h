#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace ibuild::builder {

/// A map by name whose copies share what they have in common: to copy one costs nothing, to change
/// a copy costs the way to the name. Thousands of steps can each keep the environment that they
/// see. A balanced tree (AVL); nodes that more than one map holds are copied before they change.
/// Thread: as other values, one that nobody changes may be read by many.
template <typename Value>
class SharedMap {
 public:
  std::size_t size() const { return size_; }
  /// Null when there is none.
  const Value* find(std::string_view name) const {
    const Node* node = root_.get();
    while (node != nullptr) {
      const int order = name.compare(node->entry->name);
      if (order == 0) return &node->entry->value;
      node = (order < 0 ? node->left : node->right).get();
    }
    return nullptr;
  }
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  void set(std::string_view name, Value value) {
    insert(root_, std::make_shared<const Entry>(Entry{std::string(name), std::move(value)}));
  }
  /// Calls `visit` with name and value of each, sorted by name.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    walk(root_.get(), visit);
  }
  /// The same for those that were set since this map was a copy of `before`. Costs little more than
  /// what is visited.
  template <typename Visit>
  void for_each_since(const SharedMap& before, const Visit& visit) const {
    walk_since(root_.get(), before.root_.get(), visit);
  }
  /// Whether both are the same map, not only equal ones.
  bool is_same(const SharedMap& other) const { return root_ == other.root_; }

 private:
  struct Entry {
    std::string name;
    Value value;
  };
  struct Node;
  using Link = std::shared_ptr<Node>;  // shared by the maps that have it in common
  struct Node {
    std::shared_ptr<const Entry> entry;  // the copies of a node share it
    Link left;
    Link right;
    int height = 1;
  };

  static int height(const Link& node) { return node == nullptr ? 0 : node->height; }
  static int lean(const Node& node) { return height(node.left) - height(node.right); }
  static void measure(Node& node) {
    node.height = 1 + std::max(height(node.left), height(node.right));
  }
  /// Makes the node one that this map alone holds.
  static void own(Link& node) {
    if (node.use_count() > 1) node = std::make_shared<Node>(*node);
  }

  /// `up` is the side that becomes the upper one.
  static void rotate(Link& node, Link Node::*up, Link Node::*down) {
    own((*node).*up);
    Link upper = std::move((*node).*up);
    (*node).*up = std::move((*upper).*down);
    measure(*node);
    (*upper).*down = std::move(node);
    measure(*upper);
    node = std::move(upper);
  }

  static void balance(Link& node) {
    measure(*node);
    if (lean(*node) > 1) {
      if (lean(*node->left) < 0) {
        own(node->left);
        rotate(node->left, &Node::right, &Node::left);
      }
      rotate(node, &Node::left, &Node::right);
    } else if (lean(*node) < -1) {
      if (lean(*node->right) > 0) {
        own(node->right);
        rotate(node->right, &Node::left, &Node::right);
      }
      rotate(node, &Node::right, &Node::left);
    }
  }

  void insert(Link& node, std::shared_ptr<const Entry> entry) {
    if (node == nullptr) {
      node = std::make_shared<Node>();
      node->entry = std::move(entry);
      ++size_;
      return;
    }
    own(node);
    const int order = entry->name.compare(node->entry->name);
    if (order == 0) {
      node->entry = std::move(entry);
      return;
    }
    insert(order < 0 ? node->left : node->right, std::move(entry));
    balance(node);
  }

  template <typename Visit>
  static void walk(const Node* node, const Visit& visit) {
    if (node == nullptr) return;
    walk(node->left.get(), visit);
    visit(node->entry->name, node->entry->value);
    walk(node->right.get(), visit);
  }

  template <typename Visit>
  static void walk_since(const Node* node, const Node* before, const Visit& visit) {
    if (node == before || node == nullptr) return;
    if (before != nullptr && node->entry->name == before->entry->name) {
      walk_since(node->left.get(), before->left.get(), visit);
      if (node->entry != before->entry) visit(node->entry->name, node->entry->value);
      walk_since(node->right.get(), before->right.get(), visit);
      return;
    }
    // Balancing has turned this part, which is rarely a large one.
    std::set<const Value*> known;
    walk(before, [&](const std::string&, const Value& value) { known.insert(&value); });
    walk(node, [&](const std::string& name, const Value& value) {
      if (!known.contains(&value)) visit(name, value);
    });
  }

  Link root_;
  std::size_t size_ = 0;
};

}  // namespace ibuild::builder
