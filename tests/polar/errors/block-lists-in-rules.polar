resource Repo {
  ["read", "push"] if "owner";
}

resource Org {
  "read" if ["reader", "owner"];
}
