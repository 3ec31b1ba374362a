step(draft, "submit");
step("open", close);
step(_, "archive");
allow(_: User, "read", repo: Repo) if step(repo.state, "submit") and repo.at < datetime.now();
