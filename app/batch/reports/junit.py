"""``junit.xml``: each pair as a test case, as CI servers read it (Ant's and Jenkins' schema)."""

from xml.etree import ElementTree

from app.batch.reports.facts import Facts, printable
from app.batch.results import Row

SUITE = "image-diff"


def as_xml(facts: Facts) -> bytes:
    """Write one suite: a difference or a file without its partner is a failure, an unreadable pair an error."""
    counts = {
        "tests": str(len(facts.rows)),
        "failures": str(facts.outcomes["fail"]),
        "errors": str(facts.outcomes["error"]),
        "time": f"{facts.seconds:.3f}",
    }
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        {
            "name": SUITE,
            "package": SUITE,
            "id": "0",
            "hostname": "localhost",
            "timestamp": facts.made.strftime("%Y-%m-%dT%H:%M:%S"),
            **counts,
        },
    )
    properties = ElementTree.SubElement(suite, "properties")
    ElementTree.SubElement(properties, "property", {"name": "compared", "value": printable(facts.title)})
    for row in facts.rows:
        _add_case(suite, row)
    ElementTree.SubElement(suite, "system-out")
    ElementTree.SubElement(suite, "system-err")
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True)) + b"\n"


def _add_case(suite: ElementTree.Element, row: Row) -> None:
    attributes = {"name": printable(row.name), "classname": SUITE, "time": f"{row.seconds:.3f}"}
    case = ElementTree.SubElement(suite, "testcase", attributes)
    if row.outcome == "pass":
        return
    tag = "error" if row.outcome == "error" else "failure"
    text = printable(row.summary)
    problem = ElementTree.SubElement(case, tag, {"type": row.code or row.verdict, "message": text})
    problem.text = f"{text}\n{row.files}.html" if row.files else text
