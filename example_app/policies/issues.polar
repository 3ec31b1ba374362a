resource Issue {
  permissions = ["read", "edit", "close", "delete"];
  relations = { repository: Repository, author: User };

  "read" if "reader" on "repository";
  "edit" if "maintainer" on "repository";
  "close" if "author";
  "close" if "maintainer" on "repository";
  "delete" if "maintainer" on "repository";
}

has_relation(repository: Repository, "repository", issue: Issue) if
  issue.repository = repository;

has_relation(user: User, "author", issue: Issue) if
  issue.author = user;

# An attribute decides: authors edit their own issues while these are open.
has_permission(user: User, "edit", issue: Issue) if
  issue.author = user and
  not issue.closed;

# Whoever is denied is told why. This is asked when the answer is no, and allows nothing.
denial_reason(
  user: User,
  "edit",
  issue: Issue,
  "Your issue is closed. Only maintainers edit it now.",
  "closed"
) if
  issue.author = user and
  issue.closed;
