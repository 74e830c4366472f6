use super::*;

fn figures(metrics: &HttpMetrics) -> String {
    prometheus::TextEncoder::new().encode_to_string(&metrics.gather()).expect("text")
}

#[test]
fn what_is_under_way_is_known_by_port() {
    let metrics = HttpMetrics::new();
    let (andy, lead) =
        (metrics.port(PortKind::Annotator, "andy"), metrics.port(PortKind::Lead, "lead"));
    assert_eq!(metrics.active_ports(), []);
    let (open, asked) = (andy.connection(), andy.request());
    let idle = lead.connection();
    let active =
        |name: &str, requests, connections| ActivePort { name: name.into(), requests, connections };
    assert_eq!(metrics.active_ports(), [active("andy", 1, 1), active("lead", 0, 1)]);
    asked.replied(StatusCode::OK);
    drop(idle);
    assert_eq!(metrics.active_ports(), [active("andy", 0, 1)]);
    assert!(figures(&metrics).contains("annotd_http_connections{port=\"annotator\"} 1\n"));
    drop((open, andy));
    assert_eq!(metrics.active_ports(), []);
}

#[test]
fn a_request_whose_client_went_away_is_counted_as_without_a_reply() {
    let metrics = HttpMetrics::new();
    let andy = metrics.port(PortKind::Annotator, "andy");
    drop(andy.request());
    andy.request().replied(StatusCode::NOT_FOUND);
    let text = figures(&metrics);
    for class in ["none", "4xx"] {
        let line = format!(
            "annotd_http_requests_total{{port=\"annotator\",route=\"none\",status=\"{class}\"}} 1\n"
        );
        assert!(text.contains(&line), "{line}{text}");
    }
}

#[test]
fn no_number_of_routes_makes_figures_without_end() {
    let metrics = HttpMetrics::new();
    for n in 0..2 * ROUTES {
        metrics.0.counters(PortKind::Lead, Some(&format!("/{n}"))).requests[1].inc();
    }
    let counted = figures(&metrics);
    let of_ok = |line: &&str| line.starts_with("annotd_http_requests_total{port=\"lead\"");
    let ok = counted.lines().filter(of_ok).filter(|line| line.contains("2xx"));
    assert_eq!(ok.count(), ROUTES + 1);
    assert!(counted.contains("{port=\"lead\",route=\"none\",status=\"2xx\"} 48\n"), "{counted}");
}

#[test]
fn threads_that_meet_a_new_route_at_once_count_it_together() {
    let metrics = HttpMetrics::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let metrics = &metrics;
            scope.spawn(move || {
                for n in 0..400 {
                    let route = format!("/{}", (n + thread * 7) % 20);
                    metrics.0.counters(PortKind::Annotator, Some(&route)).requests[1].inc();
                }
            });
        }
    });
    let counted = figures(&metrics);
    for n in 0..20 {
        let line = format!("{{port=\"annotator\",route=\"/{n}\",status=\"2xx\"}} 80\n");
        assert!(counted.contains(&line), "{line}{counted}");
    }
}
