resource Repo {
  roles = ["reader"];
  allow(_, "read", _: Repo);
  "reader" if "reader";
}
allow(_, "read", _: Repo;
