allow(_: User, "read", repo: Repo) if
  repo.open