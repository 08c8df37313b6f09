"""The subjects of ID tokens as a condition of a trust policy names them: exact, or with * and ? in them."""

from __future__ import annotations

from accounts.aws.limits import LONGEST_SUBJECT


def fault_of_subjects(subjects: object) -> str:
    """Say what is wrong with these subjects; "" if a trust policy can name them."""
    if not isinstance(subjects, list) or not all(isinstance(each, str) for each in subjects):
        return "Subjects are a list, each as text."
    for subject in subjects:
        if not 1 <= len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
            return f"A subject has 1 to {LONGEST_SUBJECT} printable characters."
        if "${" in subject:
            return "A subject cannot hold ${: AWS reads it as a variable of the policy."
        if not subject.strip("*?"):
            return (
                "A subject of wildcards only would let in everybody with an ID token of this portal's "
                "client. Name people, or use the trust method portal-token."
            )
    return ""
